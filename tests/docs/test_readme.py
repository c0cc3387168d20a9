"""The README keeps its word: it is short, its commands run as printed, and the files that it names exist."""

import re
import shlex
from importlib.metadata import entry_points
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bench.cli import app, main
from bench.records.store import Store
from methods import METHODS

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
LONGEST = 105
SMALLER = {"scenes.n_train=400": "scenes.n_train=120", "scenes.n_test=200": "scenes.n_test=60"}


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def test_it_is_read_in_two_minutes():
    assert len(README.splitlines()) <= LONGEST


def shortened(words: list[str]) -> list[str]:
    """With fewer images, one epoch, one worker and no MLflow; every printed word stays or has a smaller number."""
    words = [SMALLER.get(word, word) for word in words]
    if words[0] == "run":
        names = words[words.index("--methods") + 1].split(",")
        epochs = [f"--set={name}.epochs=1" for name in names if METHODS.get(name).Config().epochs]
        words += [*epochs, "--workers=1", "--no-mlflow"]
    return words


def test_its_commands_run_as_printed(cache, tmp_path, monkeypatch):
    [program] = entry_points(group="console_scripts", name="bench")
    assert program.load() is main
    monkeypatch.chdir(tmp_path)
    commands = [shlex.split(line) for block in blocks("bash") for line in block.strip().splitlines()]
    assert len(commands) >= 5
    assert {size for command in commands for size in command if "scenes." in size} == set(SMALLER)
    for command in commands:
        assert command[0] == "bench"
        done = CliRunner().invoke(app, shortened(command[1:]), catch_exceptions=False)
        assert done.exit_code == 0, f"{command}\n{done.output}"
    rows = list(Store(tmp_path / "results").rows())
    assert {row.cell.method.name for row in rows} == {"dualcoop", "asl", "clip_zero_shot"}
    assert {row.cell.percent for row in rows} == {10, 50, None}
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
