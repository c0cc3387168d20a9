"""Finished cells written into one file, with the test labels and sweeps that they belong to."""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from bench.records.cell_file.layout import CELLS_FORMAT, CELLS_KIND, OPTIONAL, REQUIRED
from bench.records.reader import StoreReader
from bench.records.sweeps import SweepRecord
from bench.system.bundle_writing import Content, write_bundle


def finished_keys(
    store: StoreReader,
    keys: Iterable[str],
    methods: Sequence[str] | None,
    percents: Sequence[int] | None,
    seeds: Sequence[int] | None,
) -> list[str]:
    """Those of the keys whose cell is done and scored on the test split, and that the filters leave."""
    chosen = []
    for key in dict.fromkeys(keys):
        if store.state(key) != "done":
            continue
        cell = store.row(key).cell
        if (
            cell.test
            and (methods is None or cell.method.name in methods)
            and (percents is None or cell.percent is None or cell.percent in percents)
            and (seeds is None or cell.seed in seeds)
        ):
            chosen.append(key)
    return chosen


def write_cells(
    path: Path, store: StoreReader, keys: Sequence[str], made: Mapping[str, str]
) -> tuple[list[SweepRecord], int]:
    """Write these finished cells, with every sweep that one of them is in; the sweeps, and the file's bytes."""
    contents, fingerprints = [], dict[str, None]()
    for key in keys:
        store.scores(key)  # DataError where they are not what was written
        for name in (*REQUIRED, *OPTIONAL):
            if (file := store.file(key, name)).exists():
                contents.append(Content.of_file(f"cells/{key}/{name}", file))
        fingerprints[store.row(key).cell.dataset.fingerprint] = None
    for fingerprint in fingerprints:
        contents.append(Content.of_file(f"targets/{fingerprint}.npz", store.targets_file(fingerprint)))
    sweeps = [record for record in store.sweeps() if set(record.keys) & set(keys)]
    for record in sweeps:
        contents.append(Content.of(f"sweeps/{record.id}.json", json.dumps(record.to_json()).encode()))
    origins = {key: origin.to_json() for key in keys if (origin := store.origin(key))}
    write_bundle(path, CELLS_KIND, CELLS_FORMAT, {"made": dict(made), "origins": origins}, contents)
    return sweeps, path.stat().st_size
