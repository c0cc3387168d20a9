"""The page on own methods keeps its word: its files are the example's, which runs as a file and as a package."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from helpers.plugin_files import _unload  # noqa: F401
from typer.testing import CliRunner

from bench.cli import app
from bench.settings.plugins.known import forget
from methods import METHODS

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "howto" / "method.md").read_text()
EXAMPLE = ROOT / "docs" / "examples" / "outside_method"
TINY = ["--data", "scenes.n_train=120", "--data", "scenes.n_test=60", "--no-mlflow", "--set", "mean_bce.epochs=1"]


@pytest.mark.parametrize(("language", "file"), [("python", "mean_bce.py"), ("toml", "pyproject.toml")])
def test_the_page_shows_the_examples_files(language, file):
    assert re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL) == [(EXAMPLE / file).read_text()]


@pytest.fixture
def bench(cache, tmp_path, monkeypatch):
    """`bench("ls", "methods")`: the command line in an empty folder."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments: str) -> str:
        done = CliRunner().invoke(app, arguments, catch_exceptions=False)
        assert done.exit_code == 0, f"{arguments}\n{done.output}"
        return done.stdout

    return call


@pytest.mark.slow
def test_the_pages_commands_run_on_the_file(bench, tmp_path):
    shutil.copy(EXAMPLE / "mean_bce.py", tmp_path)
    commands = [line for block in re.findall(r"```bash\n(.*?)```", PAGE, re.DOTALL) for line in block.splitlines()]
    assert [command.split()[1] for command in commands] == ["test", "run", "search", "ls"]
    for command in commands:
        _, *arguments = command.split()
        if arguments[0] in ("run", "search"):  # cut down to take seconds
            methods = ["--set", "asl.epochs=1"] if "asl" in command else []
            arguments = [*arguments, *TINY, *methods, "--workers", "1"]
        out = bench(*arguments)
        assert "mean_bce" in out, command


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """The example as an installed distribution: in a folder of its own, without a network; the path makes it one."""
    site = tmp_path / "site"
    shutil.copytree(EXAMPLE, tmp_path / "source")
    install = ["--no-deps", "--no-build-isolation", "--no-index", "--target", str(site), "./source"]
    subprocess.run([sys.executable, "-m", "pip", "install", *install], cwd=tmp_path, check=True, capture_output=True)
    monkeypatch.syspath_prepend(site)
    monkeypatch.setattr(METHODS, "_discovered", False)  # as in a new process
    yield
    forget("mean_bce")


@pytest.mark.slow
def test_the_example_can_be_installed(installed, bench):
    """A worker finds it by itself: it is a new process."""
    assert "from distribution outside-method 1.0" in " ".join(bench("ls", "methods").split())
    assert "properties hold" in bench("test", "mean_bce")
    assert "mean_bce" in bench(
        "run", "--methods", "mean_bce", "--ratios", "0.5", "--executor", "processes", *TINY, "--workers", "1"
    )
