"""Stores of finished studies, made in milliseconds: levels are given, nothing is trained."""

import dataclasses
import functools
import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from bench.planning.request import Variant
from bench.records.component import Component
from bench.records.reader import Targets
from bench.records.store import Store
from bench.records.sweeps import Place, SweepRecord
from helpers import store_factory
from helpers.store_factory import Grid

CREATED = "2026-01-02T03:04:05+00:00"


def study_store(
    root: Path,
    study: Any,
    level: Callable[[Variant, int, int], float | None],
    percents: tuple[int, ...] = (10, 50, 90),
    seeds: tuple[int, ...] = (0, 1, 2),
    skill: Callable[[Variant], float] = lambda variant: 2.0,
) -> Store:
    """The study's sweep; `level(variant, percent, seed)` is a cell's mAP, None for a cell that was not run.

    skill: how far a variant's scores stand apart from noise; the noise is that of the seed, for all variants alike.
    """
    store, places = Store(root), []
    for seed in seeds:
        for percent in percents:
            for variant in study.variants:
                cell = _cell(study.method, variant.overrides, percent, seed)
                value = level(variant, percent, seed)
                if value is not None:
                    _finish(store, cell, value, skill(variant))
                places.append(Place(variant.name, percent, seed, cell.key))
    record = SweepRecord(
        id="5" * 12,
        created=CREATED,
        command=("bench", study.to_json()["kind"]),
        dataset="scenes",
        protocol="partial",
        backbone="tiny_clip",
        methods=tuple(variant.name for variant in study.variants),
        study=study.to_json(),
        places=tuple(places),
    )
    store.save_sweep(record)
    return store


def _cell(method: str, overrides: Mapping[str, Any], percent: int, seed: int) -> Any:
    cell = Grid(epochs=3).cell(method, percent, seed)
    return dataclasses.replace(cell, method=Component(method, options={**cell.method.options, **overrides}))


@functools.cache
def _row(method: str) -> Any:
    """A row to take over what does not matter here: its metrics are slow to compute."""
    return store_factory.row(Grid(epochs=3).cell(method, 50, 0))


def _finish(store: Store, cell: Any, value: float, skill: float) -> None:
    labels, like = store_factory.labels(), _row(cell.method.name)
    mask = {**like.mask, "sha256": hashlib.sha256(f"{cell.percent} {cell.seed}".encode()).hexdigest()}
    noise = np.random.default_rng([cell.seed, cell.percent]).normal(size=labels.shape)
    with store.claim(cell) as folder:
        (folder / "curve.jsonl").unlink(missing_ok=True)  # lines of a study may share a cell
        store_factory.append_curve(folder, store_factory.curve(cell))
        scores = (noise + skill * (labels == 1)).astype(np.float32)
        store.finish(dataclasses.replace(like, cell=cell, mask=mask, metrics={**like.metrics, "mAP": value}), scores)
    ids = tuple(map(str, range(len(labels))))
    store.save_targets(cell.dataset.fingerprint, Targets(ids, labels, store_factory.CLASSES))
