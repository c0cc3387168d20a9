"""The command line with workers, interrupted or killed: its workers end with it."""

import os
import signal
import subprocess
import sys

import psutil
import pytest
from helpers.worlds import soon

from bench.records.store import Store

pytestmark = pytest.mark.slow

LONG = 300.0
"""Seconds: more than a busy machine takes for anything here, less than the trainings that are cut off would."""

ARGUMENTS = [
    *("run", "--methods", "asl", "--no-mlflow", "--executor", "processes"),
    *("--set", "scenes.n_train=120", "--set", "scenes.n_test=60", "--set", "asl.epochs=4000"),
]


def curves(store: Store) -> list[list[dict]]:
    return [store.curve(key) for key in store.keys()]  # noqa: SIM118 - a store is no dict


@pytest.mark.parametrize(("sign", "ratios"), [(signal.SIGINT, "0.3,0.6"), (signal.SIGKILL, "0.3")])
def test_the_command_line_is_interrupted_or_killed(sign, ratios, environment, tmp_path):
    """Its workers, one for each ratio, train; then the command ends, and they with it."""
    store, count = Store(tmp_path), len(ratios.split(","))
    command = [sys.executable, "-m", "bench", *ARGUMENTS, "--ratios", ratios, "--workers", str(count)]
    command += ["--results", str(tmp_path)]
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as driver:
        with soon("the cells to train") as until:
            until(lambda: driver.poll() is not None or [len(c) > 2 for c in curves(store)] == [True] * count)
        assert driver.poll() is None, driver.communicate()[1]
        leases = [store.lease(key) for key in store.keys()]  # noqa: SIM118 - a store is no dict
        os.kill(driver.pid, sign)
        output = driver.communicate(timeout=LONG)[1]  # a worker that stays holds it open
    assert driver.returncode == (130 if sign is signal.SIGINT else -sign)
    if sign is signal.SIGINT:
        assert output.strip().splitlines()[-1] == "interrupted; the same command resumes from the last checkpoint."
        assert "Traceback" not in output
    workers = [lease["pid"] for lease in leases]
    assert len({*workers, driver.pid}) == count + 1
    with soon("the workers' end") as until:
        until(lambda: not any(psutil.pid_exists(pid) for pid in workers))
    for key in store.keys():  # noqa: SIM118 - a store is no dict
        assert store.state(key) == "planned"
        assert (store.folder(key) / "checkpoint" / "last.pth").exists()
