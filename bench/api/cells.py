"""Cells that laboratories give each other: out of one store as a file, into another with every check."""

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.api.import_cells import ImportResult, import_file
from bench.api.sharing import made_by_default, program_version
from bench.errors import UsageError
from bench.records.cell_file.writing import finished_keys, write_cells
from bench.records.find import find_finished
from bench.records.store import Store, existing_store
from bench.report.selection import find_sweep
from bench.system.disk import raising_disk_errors
from bench.system.paths import DEFAULT_RESULTS, default_cache


@dataclass(frozen=True)
class WrittenCells:
    """The file, and the keys of its cells and ids of its sweeps."""

    path: Path
    bytes: int
    made_by: str
    keys: list[str]
    sweeps: list[str]


def export_cells(
    path: str | Path,
    *,
    results: str | Path = DEFAULT_RESULTS,
    keys: Sequence[str] = (),
    sweep: str | None = None,
    methods: Sequence[str] | None = None,
    ratios: Sequence[int] | None = None,
    seeds: Sequence[int] | None = None,
    by: str | None = None,
    replace: bool = False,
) -> WrittenCells:
    """Write finished cells of a store as one file, with their sweeps and test labels but without weights.

    keys: beginnings of keys; by default all cells of the store, or of `sweep`. methods, ratios (percents), seeds: which
    of them. by: who made them, else `user@machine`. replace: whether a file that is there is replaced.

    >>> import bench
    >>> folder = getfixture("tmp_path")
    >>> small = {"scenes": {"n_train": 60, "n_test": 40}}
    >>> words = dict(settings=small, results=folder / "a", cache=folder, progress=False)
    >>> sweep = bench.run("clip_zero_shot", 0.5, **words)
    >>> written = bench.export_cells(folder / "cells.tar", results=folder / "a", by="lab A")
    >>> taken = bench.import_cells(folder / "cells.tar", results=folder / "b", cache=folder)
    >>> len(taken.imported), taken.refused, bench.open_store(folder / "b").origin(taken.imported[0]).by
    (1, {}, 'lab A')
    """
    path, store = Path(path), existing_store(Path(results))
    if path.exists() and not replace:
        raise UsageError(f"{path} is there already; give another name, or --replace.")
    if keys and sweep:
        raise UsageError("keys and --sweep were both given; give one of them.")
    if keys:
        named = [find_finished(store, key).key for key in keys]
    else:
        named = list(find_sweep(store, sweep).keys) if sweep else store.keys()
    chosen = finished_keys(store, named, methods, ratios, seeds)
    if not chosen:
        raise UsageError(f"No finished cell of {store.root} is left by these filters; `bench status` shows them all.")
    at = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    made = {"by": by or made_by_default(), "at": at, "bench": program_version()}
    with raising_disk_errors(path):
        sweeps, size = write_cells(path, store, chosen, made)
    return WrittenCells(path, size, made["by"], chosen, [record.id for record in sweeps])


def import_cells(
    path: str | Path,
    *,
    results: str | Path = DEFAULT_RESULTS,
    cache: str | Path | None = None,
    root: str | Path | None = None,
) -> ImportResult:
    """Take the cells of a file into a store, which is made if it is not there; nothing that is there is replaced.

    Every cell's metrics are taken again from its scores, and its mask is drawn again where its dataset is at hand
    (root: where). What is refused is named in the result. Doing it twice changes nothing; a sweep may run meanwhile.
    """
    place = default_cache() if cache is None else Path(cache)
    return import_file(Path(path), Store(Path(results)), place, None if root is None else Path(root))
