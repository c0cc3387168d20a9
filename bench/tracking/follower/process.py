"""The process that writes to MLflow while cells run: its command, its environment and its log."""

import os
import subprocess
import sys
from pathlib import Path
from typing import BinaryIO

from bench.tracking.database.client import QUIET

LOG_FILE, LOG_LIMIT = "mlflow.log", 1_000_000


def started_process(root: Path, tracking_uri: str | None) -> subprocess.Popen:
    """The process for the store at `root`; OSError where it cannot be started."""
    command = [sys.executable, "-m", "bench.tracking", str(root.resolve()), str(os.getpid())]
    # One thread: numpy's pools would take cores from training.
    environment = {**QUIET, **os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    with _log(root / LOG_FILE) as log:
        return subprocess.Popen(
            [*command, *([tracking_uri] if tracking_uri else [])],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            cwd=Path(__file__).parents[3],  # where `bench` is found, installed or not
            env=environment,
            start_new_session=True,  # Ctrl-C is for the run; this process ends when the run closes its pipe
        )


def _log(path: Path) -> BinaryIO:
    path.parent.mkdir(parents=True, exist_ok=True)
    full = path.exists() and path.stat().st_size > LOG_LIMIT
    return path.open("wb" if full else "ab")
