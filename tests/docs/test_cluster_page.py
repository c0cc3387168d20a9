"""The script for an array of jobs in docs/howto/cluster.md says what `bench run` takes."""

import re
import shlex
import subprocess
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

PAGE = Path(__file__).resolve().parents[2] / "docs" / "howto" / "cluster.md"


def test_the_array_script_can_be_run(call):
    (script,) = re.findall(r"```bash\n(#!/bin/bash\n.*?)```", PAGE.read_text(), re.DOTALL)
    assert subprocess.run(["bash", "-n"], input=script, text=True, check=False).returncode == 0
    assert "#SBATCH --requeue" in script
    command = shlex.split(script.partition("exec ")[2].replace("\\\n", " "))
    assert command[:2] == ["bench", "run"]
    small = ("--device", "cpu", "--ratios", "0.5", "--data", "scenes.n_train=60", "--data", "scenes.n_test=40")
    planned = call(*command[1:], *small, "--dry-run")
    assert planned.code == 0, planned.err
    assert "2 cells: 0 done, 2 to do" in planned.out


def test_the_slurm_command_is_taken(call):
    (command,) = re.findall(r"^login\$ (bench run .*?100)$", PAGE.read_text(), re.DOTALL | re.MULTILINE)
    words = shlex.split(command.replace("\\\n", " "))
    planned = call(*words[1:], "--slurm-cluster", "local", "--ratios", "0.5", "--dry-run")
    assert planned.code == 0, planned.err
