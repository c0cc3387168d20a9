"""The README keeps its word: the tour's commands run as printed, and the example method needs its one file only."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


@pytest.mark.timeout(600)
def test_tour_runs_as_printed(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent), prepend=os.pathsep)
    commands = [line for block in blocks("bash") for line in block.strip().splitlines()]
    assert len(commands) >= 8
    for command in commands:
        done = subprocess.run(command, shell=True, cwd=tmp_path, capture_output=True, text=True)
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    assert (tmp_path / "results" / "mlflow.db").exists()
    assert list((tmp_path / "results" / "reports").glob("*/report.md"))


def test_two_commands_are_the_makefiles():
    makefile = (ROOT / "Makefile").read_text()
    for target in re.findall(r"^make (\w+)", "\n".join(blocks("")), re.MULTILINE):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE)


def test_files_that_the_readme_names_exist():
    for target in re.findall(r"\]\(((?!http)[^)#]+)\)", README):
        assert (ROOT / target).exists(), target


def test_example_method_needs_its_file_only(tmp_path):
    """A copy of the package with the README's file added: the new method is listed and trains."""
    (source,) = blocks("python")
    package = tmp_path / "copy"
    for part in ("bench", "methods", "protocols"):
        copy = ["cp", "-r", str(ROOT / part), str(package / part)]
        package.mkdir(exist_ok=True)
        subprocess.run(copy, check=True)
    (package / "methods" / "baselines" / "mean_bce.py").write_text(source)
    command = "-m bench run --methods mean_bce --ratios 0.5 --data scenes.n_train=100 --data scenes.n_test=60"
    command += " --set mean_bce.epochs=1 --no-mlflow"
    done = subprocess.run(
        [sys.executable, *command.split()], cwd=package, capture_output=True, text=True, env={**os.environ}
    )
    assert done.returncode == 0, done.stderr
    assert "mean_bce" in done.stdout
