"""The page on own methods keeps its word: its files are the example's, which runs as a file and as a package."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "howto" / "method.md").read_text()
EXAMPLE = ROOT / "docs" / "examples" / "outside_method"
TINY = ["--data", "scenes.n_train=100", "--data", "scenes.n_test=60", "--no-mlflow", "--set", "mean_bce.epochs=1"]


@pytest.mark.parametrize(("language", "file"), [("python", "mean_bce.py"), ("toml", "pyproject.toml")])
def test_the_page_shows_the_examples_files(language, file):
    assert re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL) == [(EXAMPLE / file).read_text()]


@pytest.fixture
def bench(environment, tmp_path):
    """`bench("ls", "methods")`: the real command line in an empty folder."""

    def call(*arguments: str, **variables: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "bench", *arguments],
            cwd=tmp_path, env={**environment, **variables}, capture_output=True, text=True,
        )  # fmt: skip
        assert done.returncode == 0, f"{arguments}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    return call


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_pages_commands_run_on_the_file(bench, tmp_path):
    shutil.copy(EXAMPLE / "mean_bce.py", tmp_path)
    commands = [line for block in re.findall(r"```bash\n(.*?)```", PAGE, re.DOTALL) for line in block.splitlines()]
    assert [command.split()[1] for command in commands] == ["test", "run", "search", "ls"]
    for command in commands:
        _, *arguments = command.split()
        if arguments[0] in ("run", "search"):  # cut down to take seconds
            methods = ["--set", "asl.epochs=1"] if "asl" in command else []
            arguments = [*arguments, *TINY, *methods]
        out = bench(*arguments)
        assert "mean_bce" in out, command


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_example_can_be_installed(bench, environment, tmp_path):
    """Into a folder of its own, without a network; the path makes it an installed distribution."""
    site = tmp_path / "site"
    shutil.copytree(EXAMPLE, tmp_path / "source")
    install = [
        "-m",
        "pip",
        "install",
        "--no-deps",
        "--no-build-isolation",
        "--no-index",
        "--target",
        str(site),
        "./source",
    ]
    subprocess.run([sys.executable, *install], cwd=tmp_path, check=True, capture_output=True)
    installed = {"PYTHONPATH": os.pathsep.join([str(site), environment["PYTHONPATH"]])}
    assert "from distribution outside-method 1.0" in " ".join(bench("ls", "methods", **installed).split())
    assert "properties hold" in bench("test", "mean_bce", **installed)
    assert "mean_bce" in bench("run", "--methods", "mean_bce", "--ratios", "0.5", "--workers", "2", *TINY, **installed)
    search = ("search", "--methods", "mean_bce", "--ratios", "0.5", "--trials", "2", *TINY)
    assert "mean_bce" in bench(*search, **installed)
