"""Several stores read as one: cells run on different machines come together in one table."""

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from bench.errors import DataError
from bench.records.reader import StoreReader, Targets
from bench.records.store import Store, existing_store
from bench.records.sweeps import SweepRecord

TOLERANCE = 1e-6
"""Points of mAP by which two runs of one cell may differ: rounding in the last place, never another result."""


class Stores(StoreReader):
    """The union of some stores; reports of it go to the first.

    A cell lives in the first store where it is done, else in the first that has anything of it. Two stores that hold
    one cell with different numbers are an error: no program can decide which one is right.
    """

    def __init__(self, stores: Sequence[Store]):
        self.root = stores[0].root
        self.parts = tuple(stores)
        self._homes: dict[str, Path] = {}
        for key in self.keys():
            self._refuse_conflict(key)

    def folder(self, key: str) -> Path:
        if key not in self._homes:
            places = [store.folder(key) for store in self.parts]
            done = [store.folder(key) for store in self.parts if store.state(key) == "done"]
            begun = [place for place in places if place.exists()]
            self._homes[key] = [*done, *begun, places[0]][0]
        return self._homes[key]

    def keys(self) -> list[str]:
        return sorted(set().union(*(store.keys() for store in self.parts)))

    def targets_file(self, content: str) -> Path:
        files = [store.targets_file(content) for store in self.parts]
        return next((file for file in files if file.exists()), files[0])

    def targets(self, content: str) -> Targets:
        for store in self.parts:
            with suppress(DataError, FileNotFoundError):
                return store.targets(content)
        return super().targets(content)

    def sweeps(self) -> list[SweepRecord]:
        """All sweeps of all stores; one that several stores hold counts once, at its latest time."""
        latest: dict[str, SweepRecord] = {}
        for record in sorted((r for store in self.parts for r in store.sweeps()), key=lambda r: r.requested):
            latest[record.id] = record
        return sorted(latest.values(), key=lambda record: record.requested)

    def _refuse_conflict(self, key: str) -> None:
        done = [store for store in self.parts if store.state(key) == "done"]
        rows = [(store.file(key, "row.json"), store.row(key).metrics) for store in done]
        for path, metrics in rows[1:]:
            first, reference = rows[0]
            for name in sorted(reference.keys() & metrics.keys()):
                if abs((reference[name] or 0) - (metrics[name] or 0)) > TOLERANCE:
                    raise DataError(
                        f"Cell {key} has {name} {reference[name]:.4f} in {first.parents[2]} and {metrics[name]:.4f} in "
                        f"{path.parents[2]}; delete its folder in one of them, or give one --results only."
                    )


def open_stores(roots: Sequence[Path]) -> StoreReader:
    """The store at these folders, one or several; UsageError for one that is not there."""
    stores = [existing_store(root) for root in roots]
    return stores[0] if len(stores) == 1 else Stores(stores)
