"""From a request to the cells that answer it: literal loops over the grid."""

import dataclasses
import functools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.axes.components import component_of, options_of, protocol_component
from bench.axes.methods import ResolvedMethod
from bench.backbones import BACKBONES
from bench.data import DATASETS, Dataset
from bench.data.pack import Pack, is_pack
from bench.data.roots import find_root
from bench.errors import DataError, UsageError
from bench.features.feeds import feed_component
from bench.planning.judged import resolved_judged
from bench.planning.packed import no_text_tower, packed_backbone, request_on
from bench.planning.request import AUTO, Request, Variant
from bench.planning.rules import PlaceFacts, apply_rules
from bench.planning.settings import variant_method
from bench.planning.tables import refuse_table
from bench.records.cells import Cell
from bench.records.sweeps import Place
from bench.settings.conversion import build
from bench.system.chunks import class_totals
from bench.system.wording import counted, shown
from protocols import PROTOCOLS

LARGEST_TABLE = 100_000
"""Places of one table; a plan of more takes minutes and gigabytes before anything is trained."""


@dataclass(frozen=True)
class PlannedPlace:
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


def plan(request: Request, dataset: Dataset) -> list[PlannedPlace]:
    """All places of the table, in running order: ratio by ratio, so that early rows compare all methods."""
    variants, seeds = request.variants, request.seeds
    places = len(seeds) * len(request.percents) * len(variants)
    if places > LARGEST_TABLE:
        raise UsageError(
            f"{counted(len(variants), 'method')} at {counted(len(request.percents), 'ratio')} and "
            f"{counted(len(seeds), 'seed')} are {places:,} places of a table; at most {LARGEST_TABLE:,} "
            "are planned: request fewer."
        )
    request = resolved_request(request, dataset)
    axes = _Axes(request, dataset)
    percents: Sequence[int | None] = request.percents if axes.has_percent else (None,)
    return [axes.place(variant, percent, seed) for seed in seeds for percent in percents for variant in variants]


def resolved_request(request: Request, dataset: Dataset) -> Request:
    """The request with what `auto` stands for on this dataset, and on a pack the dataset's own name."""
    if isinstance(dataset, Pack):
        request = request_on(request, dataset)
    if request.protocol == AUTO:
        request = dataclasses.replace(request, protocol="native" if dataset.has_unknown else "partial")
    return dataclasses.replace(request, judged=resolved_judged(request, dataset.has_unknown))


def cells(places: Sequence[PlannedPlace]) -> Iterator[Cell]:
    """The distinct cells of a plan, in order."""
    yield from {place.cell.key: place.cell for place in places if place.cell}.values()


class _Axes:
    """The axes of a sweep resolved once: names to components with all options filled in."""

    def __init__(self, request: Request, dataset: Dataset):
        self.request = request
        protocol_class = PROTOCOLS.get(request.protocol)
        self.has_percent = protocol_class.has_percent
        self.protocol = protocol_component(request.protocol, request.overrides)
        has_negatives = protocol_class.knows_negatives(options_of(self.protocol, protocol_class.Options))
        self.no_negatives = "" if has_negatives else f"protocol {request.protocol} has none"
        self.full = protocol_component("full", {})
        backbone_class = BACKBONES.get(request.backbone)
        settings = request.overrides.get(request.backbone, {})
        options: Any = build(backbone_class.Options, settings, owner=request.backbone)
        self.pack = dataset if isinstance(dataset, Pack) else None
        self.backbone = (
            packed_backbone(request, self.pack) if self.pack else component_of(BACKBONES, request.backbone, options)
        )
        self.judged = resolved_judged(request, dataset.has_unknown)
        self.feed = feed_component(request.feed, request.overrides.get(request.feed, {}))
        self.methods = {variant.name: variant_method(request, variant) for variant in request.variants}
        _refuse_unused(
            request,
            {
                *(variant.method for variant in request.variants),
                *(request.dataset, request.protocol, request.backbone, request.feed),
            },
        )
        dataset.check()  # reads every file, so the other arguments are checked first
        if dataset.has_unknown:
            if not class_totals(dataset.train.labels, -1).any():
                self.no_negatives = f"the training labels of {dataset.name} have none"
            if not class_totals(dataset.train.labels, 1).any():
                raise DataError(f"no training image of {dataset.name} has a known positive; nothing can be learned.")
        self.table_bytes = refuse_table(request, protocol_class, dataset)
        self.dataset = dataset.component

    def place(self, variant: Variant, percent: int | None, seed: int) -> PlannedPlace:
        resolved = self.methods[variant.name]
        reason = self._why_not(resolved)
        if reason:
            return PlannedPlace(variant.name, percent, seed, cell=None, skipped=reason)
        cell = Cell(
            method=resolved.component,
            dataset=self.dataset,
            protocol=self.protocol,
            backbone=self.backbone,
            percent=percent,
            seed=seed,
            holdout=self.request.holdout,
            feed=self.feed,
            judged=self.judged,
        )
        facts = PlaceFacts(
            method=resolved.method,
            epochs=resolved.config.epochs,
            holdout=self.request.holdout,
            judged=self.judged,
            seed=seed,
            first_seed=self.request.seeds[0],
            varies=variant.varies,
            full=self.full,
        )
        return PlannedPlace(variant.name, percent, seed, apply_rules(cell, facts))

    def _why_not(self, resolved: ResolvedMethod) -> str:
        """Why this method cannot run in this sweep (shown in the table), or "" if it can."""
        method, backbone = resolved.method, BACKBONES.get(self.backbone.name)
        if method.text and not backbone.has_text:
            return f"needs a text tower; backbone {self.backbone.name} has none"
        if method.text and self.pack and self._no_text_tower:
            return self._no_text_tower
        if method.token_texts and not backbone.has_token_texts:
            return f"needs text features at every token; backbone {self.backbone.name} has one vector a text"
        if self.table_bytes and method.needs_table(resolved.config):
            return f"reads the labels of all images at once, a table of {self.table_bytes / 1e9:.1f} GB in each worker"
        if method.labels == "observed" and self.no_negatives and method.needs_negatives(resolved.config):
            return f"needs known negatives; {self.no_negatives}"
        return ""

    @functools.cached_property
    def _no_text_tower(self) -> str:
        return no_text_tower(self.backbone)


def _refuse_unused(request: Request, used: set[str]) -> None:
    unused = sorted(set(request.overrides) - used)
    if unused:
        raise UsageError(
            f"options for {shown(unused[0])} were given, but this run uses only {', '.join(sorted(used))}."
        )


def open_dataset(request: Request, cache: Path) -> Dataset:
    """The sweep's dataset with its options, not yet read; the feature pack, where the root is a file.

    A pack's labels are proved at once: until then its fingerprint is what a stranger says.
    """
    if request.dataset == Pack.name or is_pack(request.root):
        pack = Pack(build(Pack.Options, {}, owner=Pack.name), find_root(Pack.name, request.root), cache)
        pack.refuse_other(request.dataset, request.overrides.get(request.dataset, {}))
        pack.prove()
        return pack
    dataset_class = DATASETS.get(request.dataset)
    options: Any = build(dataset_class.Options, request.overrides.get(request.dataset, {}), owner=request.dataset)
    root = find_root(request.dataset, request.root) if dataset_class.needs_root else request.root
    return dataset_class(options, root, cache)
