"""The command line with workers, interrupted or killed: its workers end with it."""

import os
import signal
import subprocess
import sys
import time

import psutil
import pytest
from helpers.worlds import soon

from bench.records.store import Store

pytestmark = pytest.mark.slow

LONG = 300.0
"""Seconds: more than a busy machine takes for anything here, less than the trainings that are cut off would."""

ARGUMENTS = [
    *("run", "--methods", "asl", "--ratios", "0.3,0.6", "--no-mlflow", "--workers", "2"),
    *("--set", "scenes.n_train=120", "--set", "scenes.n_test=60", "--set", "asl.epochs=4000"),
]


def curves(store: Store) -> list[list[dict]]:
    return [store.curve(key) for key in store.keys()]  # noqa: SIM118 - a store is no dict


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGKILL])
def test_the_command_line_is_interrupted_or_killed(sign, environment, tmp_path):
    """Both workers train; then the command ends, and they with it."""
    store = Store(tmp_path)
    command = [sys.executable, "-m", "bench", *ARGUMENTS, "--results", str(tmp_path)]
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as driver:
        with soon("two cells to train") as until:
            until(lambda: driver.poll() is not None or [len(c) > 2 for c in curves(store)] == [True, True])
        assert driver.poll() is None, driver.communicate()[1]
        leases = [store.lease(key) for key in store.keys()]  # noqa: SIM118 - a store is no dict
        os.kill(driver.pid, sign)
        began = time.monotonic()
        output = driver.communicate()[1]
    assert time.monotonic() - began < LONG
    assert driver.returncode == (130 if sign is signal.SIGINT else -sign)
    if sign is signal.SIGINT:
        assert output.strip().splitlines()[-1] == "interrupted; the same command resumes from the last checkpoint."
        assert "Traceback" not in output
    workers = [lease["pid"] for lease in leases]
    assert len({*workers, driver.pid}) == 3
    with soon("the workers' end") as until:
        until(lambda: not any(psutil.pid_exists(pid) for pid in workers))
    for key in store.keys():  # noqa: SIM118 - a store is no dict
        assert store.state(key) == "planned"
        assert (store.folder(key) / "checkpoint" / "last.pth").exists()
