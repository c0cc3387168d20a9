"""Finished cells that stand beside published numbers."""

from bench.records.cells import Cell
from bench.records.component import Component
from bench.records.store import Store
from helpers import store_factory as factory


def filled(store: Store, cells: list[Cell]) -> Store:
    for cell in cells:
        factory.finish(store, cell)
    return store


def published_cell(
    percent: int | None, seed: int = 0, *, method: str = "dualcoop", protocol: str = "hcp", **axes
) -> Cell:
    plain = {
        "dataset": Component("voc2007", fingerprint="f" * 64),
        "backbone": Component("RN101", options={"weights": "openai", "image_size": 448}, fingerprint="b" * 64),
    }
    options = {"epochs": 50, "lr": 0.002}
    return Cell(
        method=Component(method, options=options), protocol=Component(protocol), percent=percent, seed=seed,
        **{**plain, **axes},
    )  # fmt: skip
