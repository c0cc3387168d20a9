"""A command imports only what it needs."""

import subprocess
import sys

import pytest
from helpers.commands import RUN
from helpers.store_factory import make_store

LATER = {"mlflow", "optuna", "matplotlib", "seaborn", "sklearn"}
ARRAYS = {"torch", "numpy", "mmengine", "open_clip", "pandas", "bench.planning.plan"}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "heavy", "expected"),
    [
        (["--help"], LATER | ARRAYS, ["run", "variance", "prepare", "status", "ls", "report", "ui", "sync", "doctor"]),
        (["ls", "methods"], LATER | {"open_clip"}, ["trm_ml", "dualcoop"]),
        (["status"], LATER | ARRAYS - {"numpy"}, ["mAP"]),
        ([*RUN, "--dry-run"], LATER | {"open_clip", "pandas", "scipy.stats", "mmengine.runner"}, ["1 to do"]),
    ],
    ids=["help", "ls", "status", "dry-run"],
)
def test_a_command_imports_only_what_it_needs(arguments, heavy, expected, environment, tmp_path):
    """Nothing that takes long to import is imported for an answer that does without it."""
    code = """
import sys
from bench.cli import main
heavy = sys.argv.pop().split(",")
try:
    main()
except SystemExit as ending:
    assert not ending.code
sys.exit(", ".join(set(heavy) & set(sys.modules)) or 0)
"""
    make_store(tmp_path / "results")
    command = [sys.executable, "-c", code, *arguments, ",".join(heavy)]
    result = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True)
    assert result.returncode == 0, f"imported: {result.stderr}"
    for word in expected:
        assert word in result.stdout


def test_python_dash_m_is_the_same_command(environment, tmp_path):
    command = [sys.executable, "-m", "bench", "ls", "wizards"]
    result = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True)
    assert result.returncode == 2
    assert "'methods'" in result.stderr
