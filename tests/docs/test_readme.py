"""The README keeps its word: it is short, its commands run as printed, and the files that it names exist."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
LONGEST = 95


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def test_it_is_read_in_two_minutes():
    assert len(README.splitlines()) <= LONGEST


@pytest.mark.timeout(600)
def test_its_commands_run_as_printed(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent), prepend=os.pathsep)
    commands = [line for block in blocks("bash") for line in block.strip().splitlines()]
    assert len(commands) >= 5
    for command in commands:
        done = subprocess.run(command, shell=True, cwd=tmp_path, capture_output=True, text=True)
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    assert (tmp_path / "results" / "mlflow.db").exists()
    assert list((tmp_path / "results" / "reports").glob("*/report.md"))


def test_two_commands_are_the_makefiles():
    makefile = (ROOT / "Makefile").read_text()
    for target in re.findall(r"^make (\w+)", "\n".join(blocks("")), re.MULTILINE):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE)


@pytest.mark.parametrize(
    "page", ["README.md", *(p.relative_to(ROOT).as_posix() for p in (ROOT / "docs").rglob("*.md"))]
)
def test_files_that_a_page_names_exist(page):
    text = (ROOT / page).read_text()
    for target in re.findall(r"\]\(((?!\w+:)[^)#\s]+)(?:#[^)]*)?\)", text):
        assert ((ROOT / page).parent / target).exists(), target
