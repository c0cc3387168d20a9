"""Resample some cells of a store: `python -m bench.report.resampling_worker STORE KEY KEY ...`.

What it makes it writes to where it is kept. It is no worker process of Python's own, so that a script which asks for a
report needs no `if __name__ == "__main__":`.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

from bench.records.store import Store
from bench.report.resampled import Bootstraps


def resample(store: Store, keys: Sequence[str]) -> None:
    """One process's part, in this process alone."""
    Bootstraps({key: store.row(key) for key in keys}, store).prepare(keys, within=float("inf"))


if __name__ == "__main__":
    resample(Store(Path(sys.argv[1])), sys.argv[2:])
