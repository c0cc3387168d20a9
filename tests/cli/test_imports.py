"""A command imports only what it needs."""

import subprocess
import sys

import pytest
from helpers.commands import RUN
from helpers.store_factory import make_store

LATER = {"mlflow", "optuna", "matplotlib", "seaborn", "sklearn"}
ARRAYS = {"torch", "numpy", "mmengine", "open_clip", "pandas", "bench.planning.plan"}
ENCODERS = {"open_clip", "timm", "torchvision", "mmpretrain", "torch._dynamo"}


COMMANDS = {
    "--help": (LATER | ARRAYS, ["run", "variance", "prepare", "status", "ls", "report", "ui", "sync", "doctor"]),
    "status": (LATER | ARRAYS - {"numpy"}, ["mAP"]),
    " ".join((*RUN, "--dry-run")): (LATER | ENCODERS | {"pandas", "scipy", "mmengine"}, ["1 to do"]),
    "ls methods": (LATER | {"open_clip"}, ["trm_ml", "dualcoop"]),
}
"""What each may not have imported, and words of its answer. In this order each adds to what was imported before."""


@pytest.mark.slow
def test_a_command_imports_only_what_it_needs(environment, tmp_path):
    """Nothing that takes long to import is imported for an answer that does without it: all four in one process."""
    code = """
import gc, sys
from bench.cli import main
before = gc.get_stats()
for command in sys.argv[1:]:
    words, _, heavy = command.partition("|")
    sys.argv = ["bench", *words.split()]
    try:
        main()
    except SystemExit as ending:
        assert not ending.code
    print("then", flush=True)
    if imported := set(heavy.split(",")) & set(sys.modules):
        sys.exit(f"{words}: {imported}")
if gc.get_stats() != before:
    sys.exit(f"collections: {gc.get_stats()}")
"""
    make_store(tmp_path / "results")
    words = [f"{command}|{','.join(heavy)}" for command, (heavy, _) in COMMANDS.items()]
    result = subprocess.run(
        [sys.executable, "-c", code, *words], env=environment, cwd=tmp_path, capture_output=True, text=True
    )
    assert result.returncode == 0, f"imported by {result.stderr}"
    answers = result.stdout.split("then\n")[:-1]
    for answer, (_, expected) in zip(answers, COMMANDS.values(), strict=True):
        assert all(word in answer for word in expected)


def test_python_dash_m_is_the_same_command(environment, tmp_path):
    command = [sys.executable, "-m", "bench", "ls", "wizards"]
    result = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True)
    assert result.returncode == 2
    assert "'methods'" in result.stderr
