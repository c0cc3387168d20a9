"""The wheel: it holds every file of the packages, and runs the main job in an empty folder without the checkout."""

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[1]
PACKAGES = ("bench", "methods", "protocols")
TINY = ("--data", "scenes.n_train=120", "--data", "scenes.n_test=60", "--set", "asl.epochs=1")
RUN = ("run", "--methods", "asl,clip_zero_shot", "--ratios", "0.5", "--no-mlflow", *TINY)

COMMANDS = """
import runpy, shlex, sys
import bench, methods, protocols
print(bench.__file__, methods.__file__, protocols.__file__)
for command in sys.argv[1:]:
    print("then", flush=True)
    sys.argv = ["bench", *shlex.split(command)]
    try:
        runpy.run_module("bench", run_name="__main__", alter_sys=True)
    except SystemExit as ending:
        assert not ending.code
"""
"""`python -m bench` for each command, all in one process: importing takes seconds."""


def tracked(*folders: str) -> list[str]:
    if not (ROOT / ".git").exists():
        pytest.skip("which files belong to the package is known to git alone")
    result = subprocess.run(["git", "ls-files", "-z", *folders], cwd=ROOT, capture_output=True, text=True, check=True)
    return [name for name in result.stdout.split("\0") if (ROOT / name).is_file()]


@pytest.fixture(scope="module")
def installed(tmp_path_factory) -> Path:
    """A folder with the wheel's content; built from a copy, so that no earlier build takes part."""
    source, wheels, target = (tmp_path_factory.mktemp(name) for name in ("source", "wheels", "target"))
    for name in tracked():
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, source / name)
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "wheel", "--no-deps", "--no-build-isolation", "-w", wheels, source], check=True)
    (wheel,) = wheels.iterdir()
    subprocess.run([*pip, "install", "--no-deps", "--no-index", "--target", target, wheel], check=True)
    return target


@pytest.fixture
def bench(installed, tmp_path):
    """`bench(...)`: what the installed command lines say in an empty folder, behind where the packages are."""
    environment = {**os.environ, "PYTHONPATH": str(installed), "BENCH_CACHE": str(tmp_path / "cache"), "COLUMNS": "200"}
    (tmp_path / "empty").mkdir()

    def run(*commands: tuple[str, ...]) -> list[str]:
        words = [sys.executable, "-c", COMMANDS, *map(shlex.join, commands)]
        done = subprocess.run(words, cwd=tmp_path / "empty", env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout.split("then\n")

    return run


def test_every_file_of_the_packages_is_in_it(installed):
    missing = [name for name in tracked(*PACKAGES) if not (installed / name).is_file()]
    assert not missing
    published = installed / "share" / "missing-label-bench" / "published"
    assert {file.name for file in published.iterdir()} == {Path(n).name for n in tracked("results/published")}


def test_the_main_job_runs_from_an_empty_folder(installed, bench, tmp_path):
    where, table, published = bench(RUN, ("compare", "--published", "voc2007"))
    assert all(Path(file).is_relative_to(installed) for file in where.split())
    assert "asl" in table
    assert list((tmp_path / "empty" / "results" / "reports").rglob("report.html"))
    assert "DualCoOp" in published
