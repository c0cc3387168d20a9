"""Conversion of arguments, typed on the command line or given in Python, into the request for a sweep."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Literal, get_args

from bench.data import DATASETS
from bench.errors import UsageError
from bench.features.feeds import requested_feed
from bench.planning.grid import Grid, variants
from bench.planning.ratios import parse_ratios, parse_seeds
from bench.planning.request import AUTO, Request, in_full
from bench.records.cells import Judged
from bench.system.wording import listed, shown

LARGEST_HOLDOUT = 90


def request_of(
    methods: str | Iterable[str],
    ratios: str,
    seeds: str,
    *,
    dataset: str | None = None,
    root: Path | None = None,
    protocol: str = "auto",
    backbone: str | None = None,
    recipe: str = "auto",
    holdout: int = 0,
    holdout_labels: Judged | Literal["auto"] = "auto",
    views: int = 0,
    live: bool = False,
    augment: str | None = None,
    settings: Mapping[str, Mapping[str, Any]] | None = None,
    grid: Grid | None = None,
) -> Request:
    """The request that these arguments describe.

    dataset: by default the one that has settings, else `scenes`. backbone: by default the dataset's own. grid: a method
    has one line in the sweep for each of its settings.

    >>> request_of("asl,trm_ml", "0.1-0.3", "0-1", settings={"scenes": {"n_train": 60}}).percents
    (10, 20, 30)
    """
    names = listed(methods)
    if not names:
        raise UsageError("--methods is empty; name at least one, for instance trm_ml,dualcoop.")
    if not 0 <= holdout <= LARGEST_HOLDOUT:
        raise UsageError(f"--holdout {holdout} is not allowed; give a percent from 0 to {LARGEST_HOLDOUT}.")
    if holdout_labels not in (AUTO, *get_args(Judged)):
        raise UsageError(f"--holdout-labels {shown(holdout_labels)} is not allowed; give auto, observed or full.")
    if holdout_labels != AUTO and not holdout:
        raise UsageError(
            f"--holdout 0 leaves no image that --holdout-labels {holdout_labels} could judge; give a percent."
        )
    feed, overrides = requested_feed(views, live, augment, settings or {})
    with_settings = [name for name in overrides if name not in names and name in DATASETS.names()]
    return Request(
        methods=variants(in_full(names), grid, fixed=overrides) if grid else names,
        percents=tuple(parse_ratios(ratios)),
        seeds=tuple(parse_seeds(seeds)),
        dataset=dataset or (with_settings[0] if with_settings else "scenes"),
        protocol=protocol,
        backbone=backbone or "",
        recipe=recipe,
        holdout=holdout,
        judged=holdout_labels,
        overrides=overrides,
        root=root,
        feed=feed,
    )
