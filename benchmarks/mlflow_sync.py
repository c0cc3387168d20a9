"""How long MLflow takes to show a store: a first sync, one of nothing, one after a lost ledger, and the way back.

    python benchmarks/mlflow_sync.py --cells 261 [--server]

The store is a made-up one (`tests/helpers/store_factory.py`), laid out like that of a real run: 29 methods at 3
ratios with 3 seeds, 8 epochs. `--server` writes through a real MLflow server too. Seconds are wall clock, and
processor time of this process in brackets; the database is made and MLflow imported before the clock starts.
"""

import argparse
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from helpers.store_factory import Grid, make_store  # noqa: E402

from bench.records.store import Store  # noqa: E402
from bench.tracking import mirrored, serving, sync  # noqa: E402
from bench.tracking.database.client import create_database  # noqa: E402
from bench.tracking.database.location import default_uri  # noqa: E402


def measure(title: str, cells: int, run: Callable[[], object]) -> None:
    began, worked = time.perf_counter(), time.process_time()
    run()
    wall, processor = time.perf_counter() - began, time.process_time() - worked
    print(f"| {title} | {wall:.1f} ({processor:.1f}) | {1000 * wall / cells:.0f} ({1000 * processor / cells:.0f}) |")  # noqa: T201


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cells", type=int, default=261, help="rounded to a multiple of 9 (3 ratios, 3 seeds)")
    parser.add_argument("--server", action="store_true", help="also through an MLflow server")
    flags = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "results"
        methods = tuple(f"method_{i}" for i in range(max(1, flags.cells // 9)))
        store, _ = make_store(root, Grid(methods=methods, percents=(10, 50, 90), seeds=(0, 1, 2), epochs=8))
        cells = len(store.keys())
        create_database(root / "mlflow.db")
        sync(make_store(Path(folder) / "first", Grid(methods=("method",), percents=(10,), seeds=(0,)))[0])
        print(f"| {cells} cells | seconds | milliseconds a cell |\n| :-- | --: | --: |")  # noqa: T201
        empty = (root / "mlflow.db").stat().st_size
        measure("first sync", cells, lambda: sync(store))
        size = (root / "mlflow.db").stat().st_size - empty
        measure("nothing changed", cells, lambda: sync(store))
        (root / "mlflow.sync.json").unlink()
        measure("nothing changed, ledger lost", cells, lambda: sync(store))
        measure("back into a store", cells, lambda: _back(default_uri(root), Path(folder)))
        print(f"\n{size / cells / 1000:.0f} kB of database a cell")  # noqa: T201
        if flags.server:
            other = Store(Path(folder) / "other")
            shutil.copytree(root, other.root, ignore=shutil.ignore_patterns("mlflow*"))
            (root / "mlflow.db").unlink()
            create_database(root / "mlflow.db")
            with serving(store) as server:
                measure("first sync through a server", cells, lambda: sync(other, server.url))
                measure("back from a server", cells, lambda: _back(server.url, Path(folder)))


def _back(uri: str, folder: Path) -> None:
    with mirrored(uri, folder / "reports"):
        pass


if __name__ == "__main__":
    main()
