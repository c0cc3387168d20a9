"""The lock of a store's projection: one process writes to MLflow at a time."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from bench.tracking.database.reachable import TrackingError


@contextmanager
def single_writer(root: Path, wait: float) -> Iterator[None]:
    """Hold `<store>/mlflow.lock`; TrackingError if another process holds it for longer than `wait` seconds."""
    root.mkdir(parents=True, exist_ok=True)
    lock = FileLock(root / "mlflow.lock")
    try:
        lock.acquire(timeout=wait)
    except Timeout:
        raise TrackingError(
            f"Another process has been writing to MLflow for {root} for {wait:.0f} s; wait for it, then try again."
        ) from None
    try:
        yield
    finally:
        lock.release()
