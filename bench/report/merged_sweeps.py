"""Sweeps that can be read as one table, and their places together."""

from collections.abc import Iterator, Sequence

from bench.records.cells import Cell
from bench.records.component import Component, canonical_json
from bench.records.reader import StoreReader
from bench.records.sweeps import Place, SweepRecord


def sweeps_alike(store: StoreReader, record: SweepRecord) -> tuple[SweepRecord, ...]:
    """Sweeps on the same images, labels, masks and features, oldest first, `record` last."""
    setting = _setting(store, record)
    same = [r for r in store.sweeps() if r.id != record.id and setting and _setting(store, r) == setting]
    return (*same, record)


def _setting(store: StoreReader, record: SweepRecord) -> str | None:
    """Dataset, protocol, backbone, feed and held-out share of a sweep, from any started cell; None without one."""
    for cell in _started(store, record):
        if cell.protocol.name == record.protocol:
            data = cell.to_json()
            axes = ("dataset", "protocol", "backbone", "feed", "holdout", "judged")
            return canonical_json({axis: data.get(axis) for axis in axes})
    return None


def _started(store: StoreReader, record: SweepRecord) -> Iterator[Cell]:
    return store.begun(record.keys)


def merged_places(store: StoreReader, records: Sequence[SweepRecord]) -> Iterator[Place]:
    """Places of all sweeps, newer ones first in conflict; a method with several settings becomes several."""
    cells = {cell.key: cell for record in records for cell in _started(store, record)}
    components = {key: cell.method for key, cell in cells.items()}
    variants: dict[str, dict[Component, None]] = {}
    for component in components.values():
        variants.setdefault(component.name, {})[component] = None
    merged: dict[tuple[str, int | None, int], Place] = {}
    for record in records:
        for place in record.places:
            if place.key in cells and cells[place.key].streams:
                continue  # a study of the variance: its seeds are not those of the other places
            method = components.get(place.key or "")
            label = _label(method, list(variants[method.name])) if method else place.method
            where = (label, place.percent, place.seed)
            # A place that an older sweep filled is not emptied by a newer one that has not come to it.
            if where not in merged or method:
                merged[where] = Place(label, place.percent, place.seed, place.key, place.skipped)
    yield from merged.values()


def _label(component: Component, variants: Sequence[Component]) -> str:
    """The method's name, with what distinguishes this setting from its others: `asl [lr=0.01]`."""
    options = [{**variant.options, "version": variant.version} for variant in variants]
    differing = {name for name in set().union(*options) if len({str(o.get(name)) for o in options}) > 1}
    own = {**component.options, "version": component.version}
    settings = ", ".join(f"{name}={own.get(name)}" for name in sorted(differing))
    return f"{component.name} [{settings}]" if settings else component.name
