"""Means over seeds and over ratios, and how far the seeds lie apart."""

import math
import statistics
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import pandas as pd

from bench.stats.paired import Percent


class Spread(NamedTuple):
    """Mean and sample standard deviation (NaN for n = 1) of n cells."""

    mean: float
    sd: float
    n: int


class _Place(NamedTuple):
    method: str
    percent: Percent
    seed: int
    key: str
    value: float


def over_seeds(frame: pd.DataFrame, column: str) -> dict[tuple[str, Percent], Spread]:
    """By (method, percent). A cell that stands for several seeds counts once: repeating it adds no information."""
    cells: dict[tuple[str, Percent], dict[str, float]] = {}
    for place in _places(frame, column):
        cells.setdefault((place.method, place.percent), {})[place.key] = place.value
    return {where: spread(values.values()) for where, values in cells.items()}


def mean_over_ratios(frame: pd.DataFrame, column: str, percents: Sequence[Percent]) -> dict[str, Spread]:
    """By method: the mean of the ratios' means, for methods with a number at every ratio; others are left out.

    The standard deviation is that of the seeds' own averages, over the seeds that have every ratio; n is their number.
    """
    by_place = over_seeds(frame, column)
    seeds: dict[str, dict[int, list[_Place]]] = {}
    for place in _places(frame, column):
        seeds.setdefault(place.method, {}).setdefault(place.seed, []).append(place)
    spreads = {}
    for method, by_seed in seeds.items():
        means = [by_place[method, percent].mean for percent in percents if (method, percent) in by_place]
        if len(means) < len(percents):
            continue
        # One cell behind several seeds gives the same keys for each of them, and counts once.
        complete = {
            tuple(p.key for p in places): statistics.fmean(p.value for p in places)
            for places in by_seed.values()
            if len(places) == len(percents)
        }
        own = spread(complete.values())
        spreads[method] = Spread(statistics.fmean(means), own.sd, own.n)
    return spreads


def without_seed_effects(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame of one line a cell and ratio, its mAP freed from what a seed does to all learning methods alike.

    A seed's mask and order are shared by the methods, so they rise and fall together, and plain bands of methods that
    differ in every seed may still overlap. At each ratio where all methods have all seeds, a cell's mAP loses the mean
    of its seed over methods and gains that over everything; deviations are scaled by sqrt(M / (M - 1)) for M methods,
    since the taken-off mean holds a share of the method itself (Cousineau 2005, Morey 2008). Means stay as they are.
    """
    adjusted = frame.astype({"mAP": float})
    learned = adjusted[adjusted["role"] == "observed"]
    for _, group in learned.groupby("percent", dropna=False):
        grid = group.pivot_table(index="seed", columns="method", values="mAP")
        count = grid.shape[1]
        if count < 2 or len(grid) < 2 or grid.isna().to_numpy().any():
            continue
        centred = grid.sub(grid.mean(axis=1), axis=0) + grid.to_numpy().mean()
        shown = grid.mean() + (centred - centred.mean()) * math.sqrt(count / (count - 1))
        adjusted.loc[group.index, "mAP"] = [
            shown.loc[seed, method] for seed, method in zip(group["seed"], group["method"], strict=True)
        ]
    return adjusted


def three(percents: Sequence[Percent]) -> tuple[Percent, ...]:
    """The lowest, the middle and the highest ratio.

    >>> three([10, 20, 30, 40, 50, 60, 70, 80, 90]), three([10, 50]), three([10])
    ((10, 50, 90), (10, 50), (10,))
    """
    places = (0, len(percents) // 2, len(percents) - 1)
    return tuple(dict.fromkeys(percents[place] for place in places))


def spread(values: Iterable[float]) -> Spread:
    """Of one group of cells.

    >>> spread([70.0, 72.0])
    Spread(mean=71.0, sd=1.4142135623730951, n=2)
    """
    numbers = list(values)
    mean = statistics.fmean(numbers) if numbers else math.nan
    return Spread(mean, statistics.stdev(numbers) if len(numbers) > 1 else math.nan, len(numbers))


def _places(frame: pd.DataFrame, column: str) -> list[_Place]:
    """The lines of the frame that have a number in `column`."""
    columns = (frame[name].tolist() for name in ("method", "percent", "seed", "key", column))
    return [
        _Place(method, None if pd.isna(percent) else int(percent), seed, key, float(value))
        for method, percent, seed, key, value in zip(*columns, strict=True)
        if not pd.isna(value)
    ]
