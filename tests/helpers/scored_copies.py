"""Finished cells with given scores on a tiny copy of a dataset: no training, no features."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from bench.data import DATASETS
from bench.records.cells import Cell
from bench.records.component import Component
from bench.records.reader import Targets
from bench.records.store import Store
from bench.settings.conversion import keyed_values
from helpers import store_factory
from helpers.copy_files import Copy

FINGERPRINT = "d" * 64


def finish_scored(
    store: Store,
    copy: Copy,
    scores: Sequence[Sequence[float]],
    method: str = "asl",
    ids: Sequence[str] | None = None,
    labels: np.ndarray | None = None,
) -> Cell:
    """A done cell whose test scores are these (N, C). ids, labels: in place of the copy's own."""
    options = keyed_values(DATASETS.get(copy.name).Options(**copy.options))
    cell = replace(
        store_factory.Grid().cell(method, 50, 0),
        dataset=Component(copy.name, options=options, fingerprint=FINGERPRINT),
        method=Component(method, options={"epochs": 1}),
    )
    truth = copy.labels("test").astype(np.int8) if labels is None else labels
    with store.claim(cell):
        store.finish(store_factory.row(cell), np.array(scores, np.float32))
    store.save_targets(FINGERPRINT, Targets(tuple(ids or copy.test), truth, copy.classes))
    return cell


def folder_bytes(folder: Path) -> dict[Path, bytes]:
    """What is in the files of a folder."""
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
