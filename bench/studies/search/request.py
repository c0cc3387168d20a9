"""Request for a search, and the cells that a proposal stands for."""

import dataclasses
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bench.axes.components import protocol_component
from bench.data import Dataset
from bench.errors import UsageError
from bench.planning.judged import refuse_without_negatives
from bench.planning.plan import cells, plan, resolved_request
from bench.planning.request import Request, Variant
from bench.planning.settings import variant_method, variant_settings
from bench.records.cells import Cell, Judged
from bench.records.component import canonical_json
from bench.studies.search.space import Space, space_of, start_of
from methods import METHODS
from protocols import PROTOCOLS


@dataclass(frozen=True)
class SearchRequest:
    """The search of one method's settings.

    sweep: the method alone, with the ratios and seeds of a trial, and a held-out part. judged: by which labels held-out
    images are judged. space: what is tried for each option; all others stay as recipe and overrides say. start: those
    settings as a proposal, tried first, or None if they lie outside the space. seed: of the sampler. outside: those
    settings where they lie outside the space and are tried first all the same; else empty.
    """

    sweep: Request
    method: str
    judged: Judged
    space: Space
    start: Mapping[str, Any] | None
    epochs: int
    sampler: str
    pruner: str
    seed: int
    outside: Mapping[str, Any] = field(default_factory=dict)

    def cells(self, dataset: Dataset, settings: Mapping[str, Any]) -> list[Cell]:
        """The cells of a trial, ratio by ratio; the first is the one that may be pruned. None has a test split.

        A method that uses no label is judged under the requested protocol too: by the labels that a user would know.
        """
        (variant,) = self.sweep.variants
        tried = Variant(self.method, {**variant.overrides, **settings}, recipe=variant.recipe)
        entries = plan(dataclasses.replace(self.sweep, methods=(tried,)), dataset)
        if entries[0].cell is None:
            raise UsageError(f"Method {self.method!r} cannot be searched here: it {entries[0].skipped}.")
        blind = [dataclasses.replace(cell, judged=self.judged, test=False) for cell in cells(entries)]
        if METHODS.get(self.method).labels != "none":
            return blind
        sweep = resolved_request(self.sweep, dataset)
        protocol = protocol_component(sweep.protocol, sweep.overrides)
        percents: Sequence[int | None] = sweep.percents if PROTOCOLS.get(sweep.protocol).has_percent else (None,)
        return [
            dataclasses.replace(blind[0], protocol=protocol, percent=percent, seed=seed, holdout=self.sweep.holdout)
            for seed in self.sweep.seeds
            for percent in percents
        ]

    def record(self, dataset: Dataset) -> dict[str, Any]:
        """What makes two searches the same, as JSON: the cells with nothing proposed, the space, the sampler."""
        return {
            "method": self.method,
            "cells": [cell.to_json() for cell in self.cells(dataset, {})],
            "space": {option: range_.to_json() for option, range_ in self.space.items()},
            "sampler": self.sampler,
            "pruner": self.pruner,
            "seed": self.seed,
            **({"outside": dict(self.outside)} if self.outside else {}),
        }

    def id(self, dataset: Dataset) -> str:
        """`trm_ml-1a2b3c4d5e`: the same for the same search, so that a repeated command resumes it."""
        digest = hashlib.sha256(canonical_json(self.record(dataset)).encode()).hexdigest()
        return f"{self.method}-{digest[:10]}"


def search_requests(
    sweep: Request,
    *,
    judged: Judged = "observed",
    spaces: Mapping[str, Mapping[str, Any]] | None = None,
    sampler: str = "tpe",
    pruner: str = "none",
    seed: int = 0,
    always_start: bool = False,
) -> list[SearchRequest]:
    """One search for each method of the sweep; UsageError where a search would be pointless.

    always_start: try the settings that a method has first even where they lie outside its space. This is for
    independent draws only: a sampler that learns cannot take a point outside its space.
    """
    if sweep.holdout < 1:
        raise UsageError("--holdout 0 leaves no image to judge a trial by; give a share such as 20.")
    if judged == "observed":
        refuse_without_negatives(sweep)
    sweep = dataclasses.replace(sweep, judged=judged)
    requests = []
    for variant in sweep.variants:
        method = METHODS.get(variant.method)
        set_by_user = {**sweep.overrides.get(variant.method, {}), **variant.overrides}
        config = variant_method(sweep, variant).config
        space = space_of(
            method, variant_settings(sweep, variant), (spaces or {}).get(variant.method), fixed=set_by_user
        )
        if pruner != "none" and "epochs" in space:
            raise UsageError(
                "With epochs in the search space two trials at one epoch are at different points of their schedules; "
                "use --pruner none, or keep epochs fixed."
            )
        others = {
            name: settings
            for name, settings in sweep.overrides.items()
            if name not in METHODS.names() or name == method.name
        }
        alone = dataclasses.replace(sweep, methods=(variant,), overrides=others)
        start = start_of(space, config)
        outside = {option: getattr(config, option) for option in space} if always_start and start is None else {}
        requests.append(
            SearchRequest(alone, method.name, judged, space, start, config.epochs, sampler, pruner, seed, outside)
        )
    return requests
