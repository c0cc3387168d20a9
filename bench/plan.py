"""From what a user asks for to the cells that answer it: literal loops over the grid."""

import dataclasses
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.backbones import BACKBONES
from bench.cells import Cell, Component, canonical_json
from bench.config import build, values
from bench.data import DATASETS, Dataset
from bench.errors import UsageError
from bench.recipes import recipe_for
from methods import METHODS, Method
from protocols import PROTOCOLS


@dataclass(frozen=True)
class Sweep:
    """What a user asks for. Overrides are `{name: {option: value}}` for methods, the dataset and the backbone."""

    methods: tuple[str, ...]
    percents: tuple[int, ...]
    seeds: tuple[int, ...] = (0,)
    dataset: str = "scenes"
    protocol: str = "partial"
    backbone: str = "tiny_clip"
    recipe: str = "auto"
    holdout: int = 0
    overrides: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    root: Path | None = None


@dataclass(frozen=True)
class Entry:
    """One place of the table: the cell that fills it, or the reason why none does.

    A cell that does not depend on the ratio (no labels used, or all of them) fills several places.
    """

    method: str
    percent: int | None
    seed: int
    cell: Cell | None
    skipped: str = ""

    def to_json(self) -> dict[str, Any]:
        key = self.cell.key if self.cell else None
        return {"method": self.method, "percent": self.percent, "seed": self.seed, "key": key, "skipped": self.skipped}


def plan(sweep: Sweep, dataset: Dataset) -> list[Entry]:
    """All places of the table, in running order: ratio by ratio, so that early rows compare all methods."""
    axes = _Axes(sweep, dataset)
    percents: Sequence[int | None] = sweep.percents if axes.has_percent else (None,)
    return [
        axes.entry(method, percent, seed) for seed in sweep.seeds for percent in percents for method in sweep.methods
    ]


def cells(entries: Sequence[Entry]) -> Iterator[Cell]:
    """The distinct cells of a plan, in order."""
    seen: set[str] = set()
    for entry in entries:
        if entry.cell and entry.cell.key not in seen:
            seen.add(entry.cell.key)
            yield entry.cell


def record(sweep: Sweep, entries: Sequence[Entry], command: Sequence[str], created: str) -> dict[str, Any]:
    """What the store keeps of a sweep (`sweeps/<id>.json`); reports and MLflow read the table's shape from it."""
    return {
        "id": sweep_id(entries),
        "created": created,
        "command": list(command),
        "dataset": sweep.dataset,
        "protocol": sweep.protocol,
        "backbone": sweep.backbone,
        "methods": list(sweep.methods),
        "notes": {name: _notes(METHODS.get(name)) for name in sweep.methods},
        "entries": [entry.to_json() for entry in entries],
    }


def _notes(method: type[Method]) -> dict[str, str]:
    return {"reference": method.reference, "note": method.note}


def sweep_id(entries: Sequence[Entry]) -> str:
    """The same for the same table, so that repeating a command does not make a second sweep."""
    return hashlib.sha256(canonical_json([e.to_json() for e in entries]).encode()).hexdigest()[:12]


class _Axes:
    """The axes of a sweep resolved once: names to components with all options filled in."""

    def __init__(self, sweep: Sweep, dataset: Dataset):
        self.sweep = sweep
        protocol_class = PROTOCOLS.get(sweep.protocol)
        self.has_percent = protocol_class.has_percent
        self.dataset = Component(
            dataset.name, dataset.version, values(dataset.options), fingerprint=dataset.fingerprint
        )
        self.protocol = _component(PROTOCOLS, sweep.protocol, sweep.overrides)
        self.full = _component(PROTOCOLS, "full", {})
        backbone_class = BACKBONES.get(sweep.backbone)
        options: Any = build(backbone_class.Options, sweep.overrides.get(sweep.backbone, {}), owner=sweep.backbone)
        self.backbone = Component(
            sweep.backbone, backbone_class.version, values(options), fingerprint=backbone_class.fingerprint(options)
        )
        self.methods = {name: self._method(name) for name in sweep.methods}
        _refuse_unused(sweep, {*sweep.methods, sweep.dataset, sweep.protocol, sweep.backbone})

    def _method(self, name: str) -> Component:
        method = METHODS.get(name)
        settings = recipe_for(method, self.sweep.recipe, self.sweep.backbone)
        config = build(method.Config, {**settings, **self.sweep.overrides.get(name, {})}, owner=name)
        return Component(name, method.version, values(config))

    def entry(self, name: str, percent: int | None, seed: int) -> Entry:
        method = METHODS.get(name)
        reason = method.refuses(self.protocol.name)
        if reason:
            return Entry(name, percent, seed, cell=None, skipped=reason)
        cell = Cell(
            method=self.methods[name],
            dataset=self.dataset,
            protocol=self.protocol,
            backbone=self.backbone,
            percent=percent,
            seed=seed,
            holdout=self.sweep.holdout,
        )
        if method.labels != "observed":
            cell = dataclasses.replace(cell, protocol=self.full, percent=None)
        if method.labels == "none":
            cell = dataclasses.replace(cell, seed=0, holdout=0)
        return Entry(name, percent, seed, cell)


def _component(registry: Any, name: str, overrides: Mapping[str, Mapping[str, Any]]) -> Component:
    entry = registry.get(name)
    return Component(name, entry.version, values(build(entry.Options, overrides.get(name, {}), owner=name)))


def _refuse_unused(sweep: Sweep, used: set[str]) -> None:
    unused = sorted(set(sweep.overrides) - used)
    if unused:
        raise UsageError(f"options for {unused[0]!r} were given, but this run uses only {', '.join(sorted(used))}.")


def open_dataset(sweep: Sweep, cache: Path) -> Dataset:
    """The sweep's dataset with its options, not yet read."""
    dataset_class = DATASETS.get(sweep.dataset)
    options: Any = build(dataset_class.Options, sweep.overrides.get(sweep.dataset, {}), owner=sweep.dataset)
    if dataset_class.needs_root and sweep.root is None:
        raise UsageError(f"dataset {sweep.dataset!r} is read from your disk; say where with --root DIR.")
    return dataset_class(options, sweep.root, cache)
