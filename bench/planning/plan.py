"""From what a user asks for to the cells that answer it: literal loops over the grid."""

import dataclasses
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.backbones import BACKBONES
from bench.data import DATASETS, Dataset
from bench.data.roots import find_root
from bench.errors import UsageError
from bench.features.feeds import feed_component, feed_text
from bench.planning.recipes import recipe_for
from bench.planning.request import Request, Variant
from bench.records.cells import PLAIN, Cell, Component, canonical_json
from bench.records.sweeps import Place, SweepRecord
from bench.settings.config import build, values
from bench.system.wording import counted, shown
from methods import METHODS
from protocols import PROTOCOLS, paths_of

LARGEST = 100_000
"""Places of one table; a plan of more takes minutes and gigabytes before anything is trained."""


@dataclass(frozen=True)
class Entry:
    """One place of the table: the cell that fills it, or the reason why none does. method: the variant's name.

    A cell that does not depend on the ratio (no labels used, or all of them) fills several places.
    """

    method: str
    percent: int | None
    seed: int
    cell: Cell | None
    skipped: str = ""

    @property
    def place(self) -> Place:
        """What the sweep's record keeps of it."""
        return Place(self.method, self.percent, self.seed, self.cell.key if self.cell else None, self.skipped)


def plan(sweep: Request, dataset: Dataset) -> list[Entry]:
    """All places of the table, in running order: ratio by ratio, so that early rows compare all methods."""
    places = len(sweep.seeds) * len(sweep.percents) * len(sweep.variants)
    if places > LARGEST:
        raise UsageError(
            f"{counted(len(sweep.variants), 'method')} at {counted(len(sweep.percents), 'ratio')} and "
            f"{counted(len(sweep.seeds), 'seed')} are {places:,} places of a table; at most {LARGEST:,} are planned: "
            "ask for fewer."
        )
    dataset.check()
    axes = _Axes(sweep, dataset)
    percents: Sequence[int | None] = sweep.percents if axes.has_percent else (None,)
    return [
        axes.entry(variant, percent, seed) for seed in sweep.seeds for percent in percents for variant in sweep.variants
    ]


def cells(entries: Sequence[Entry]) -> Iterator[Cell]:
    """The distinct cells of a plan, in order."""
    seen: set[str] = set()
    for entry in entries:
        if entry.cell and entry.cell.key not in seen:
            seen.add(entry.cell.key)
            yield entry.cell


def record(sweep: Request, entries: Sequence[Entry], command: Sequence[str], created: str) -> SweepRecord:
    """What the store keeps of a sweep (`sweeps/<id>.json`); reports and MLflow read the table's shape from it."""
    return SweepRecord(
        id=sweep_id(entries),
        created=created,
        command=tuple(command),
        dataset=sweep.dataset,
        protocol=sweep.protocol,
        backbone=sweep.backbone,
        feed=feed_text(feed_component(sweep.feed, sweep.overrides.get(sweep.feed, {}))),
        methods=tuple(variant.name for variant in sweep.variants),
        study=sweep.study,
        notes={variant.name: _notes(variant) for variant in sweep.variants},
        places=tuple(entry.place for entry in entries),
    )


def _notes(variant: Variant) -> dict[str, str]:
    """What a report says of the method, how it draws it, and whether it is what others are compared with."""
    method = METHODS.get(variant.method)
    own = vars(method) if variant.name == variant.method else {}  # neither variants nor subclasses take these over
    declared = {"colour": own.get("colour", ""), "baseline": str(own.get("baseline", 0))}
    return {"reference": method.reference, "note": method.note, **declared}


def sweep_id(entries: Sequence[Entry]) -> str:
    """The same for the same table, so that repeating a command does not make a second sweep."""
    return hashlib.sha256(canonical_json([entry.place.to_json() for entry in entries]).encode()).hexdigest()[:12]


class _Axes:
    """The axes of a sweep resolved once: names to components with all options filled in."""

    def __init__(self, sweep: Request, dataset: Dataset):
        self.sweep = sweep
        protocol_class = PROTOCOLS.get(sweep.protocol)
        self.has_percent = protocol_class.has_percent
        self.has_negatives = protocol_class.negatives
        self.dataset = Component(
            dataset.name,
            dataset.version,
            values(dataset.options),
            fingerprint=dataset.fingerprint,
            plugin=DATASETS.plugin(dataset.name),
        )
        self.protocol = protocol_component(sweep.protocol, sweep.overrides)
        self.full = protocol_component("full", {})
        backbone_class = BACKBONES.get(sweep.backbone)
        options: Any = build(backbone_class.Options, sweep.overrides.get(sweep.backbone, {}), owner=sweep.backbone)
        self.backbone = Component(
            sweep.backbone,
            backbone_class.version,
            values(options),
            fingerprint=backbone_class.fingerprint(options),
            plugin=BACKBONES.plugin(sweep.backbone),
        )
        self.feed = feed_component(sweep.feed, sweep.overrides.get(sweep.feed, {}))
        self.methods = {variant.name: self._method(variant) for variant in sweep.variants}
        _refuse_unused(
            sweep, {*(v.method for v in sweep.variants), sweep.dataset, sweep.protocol, sweep.backbone, sweep.feed}
        )

    def _method(self, variant: Variant) -> Component:
        method = METHODS.get(variant.method)
        settings = recipe_for(method, variant.recipe or self.sweep.recipe, self.sweep.backbone)
        asked = {**settings, **self.sweep.overrides.get(variant.method, {}), **variant.overrides}
        config: Any = build(method.Config, asked, owner=variant.method)
        paths = paths_of(config)
        plain = {option: value for option, value in values(config).items() if option not in paths}
        return Component(
            variant.method,
            method.version,
            plain,
            fingerprint=method.fingerprint(config),
            paths=paths,
            plugin=METHODS.plugin(variant.method),
        )

    def entry(self, variant: Variant, percent: int | None, seed: int) -> Entry:
        component = self.methods[variant.name]
        reason = self._why_not(component)
        if reason:
            return Entry(variant.name, percent, seed, cell=None, skipped=reason)
        method, epochs = METHODS.get(variant.method), component.options["epochs"]
        cell = Cell(
            method=component,
            dataset=self.dataset,
            protocol=self.protocol,
            backbone=self.backbone,
            percent=percent,
            seed=seed,
            holdout=self.sweep.holdout,
            feed=self.feed if epochs else PLAIN,  # test images are fed alike to all
        )
        if method.labels != "observed":
            cell = dataclasses.replace(cell, protocol=self.full, percent=None)
        if method.labels == "none":
            cell = dataclasses.replace(cell, feed=PLAIN)
            if not epochs:  # sentences, where it learns from those, are drawn by seed
                cell = dataclasses.replace(cell, seed=0, holdout=0)
        if variant.varies and (epochs or method.labels != "none"):
            first = self.sweep.seeds[0]
            idle = variant.varies == "mask" and method.labels != "observed" and not cell.holdout
            cell = dataclasses.replace(cell, seed=first, streams={} if idle else {variant.varies: seed})
        return Entry(variant.name, percent, seed, cell)

    def _why_not(self, component: Component) -> str:
        """Why this method cannot run in this sweep (shown in the table), or "" if it can."""
        method = METHODS.get(component.name)
        if method.text and not BACKBONES.get(self.backbone.name).has_text:
            return f"needs a text tower; backbone {self.backbone.name} has none"
        config: Any = build(method.Config, {**component.options, **component.paths}, owner=method.name)
        if method.labels == "observed" and not self.has_negatives and method.needs_negatives(config):
            return f"needs known negatives; protocol {self.protocol.name} has none"
        return ""


def protocol_component(name: str, overrides: Mapping[str, Mapping[str, Any]]) -> Component:
    """A protocol with its options; of the files that it reads, the content counts and not the place."""
    protocol = PROTOCOLS.get(name)
    options: Any = build(protocol.Options, overrides.get(name, {}), owner=name)
    paths = paths_of(options)
    plain = {option: value for option, value in values(options).items() if option not in paths}
    return Component(
        name,
        protocol.version,
        plain,
        fingerprint=protocol.fingerprint(options),
        paths=paths,
        plugin=PROTOCOLS.plugin(name),
    )


def _refuse_unused(sweep: Request, used: set[str]) -> None:
    unused = sorted(set(sweep.overrides) - used)
    if unused:
        raise UsageError(
            f"options for {shown(unused[0])} were given, but this run uses only {', '.join(sorted(used))}."
        )


def open_dataset(sweep: Request, cache: Path) -> Dataset:
    """The sweep's dataset with its options, not yet read."""
    dataset_class = DATASETS.get(sweep.dataset)
    options: Any = build(dataset_class.Options, sweep.overrides.get(sweep.dataset, {}), owner=sweep.dataset)
    root = find_root(sweep.dataset, sweep.root) if dataset_class.needs_root else sweep.root
    return dataset_class(options, root, cache)
