"""Intervals over images of compared cells, as far as the time allows."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bench.records.reader import StoreReader
from bench.report.resampled import Bootstraps, Left
from bench.report.results import Results
from bench.stats import Difference
from bench.stats.paired import Pair
from bench.system.progress import Progress


@dataclass(frozen=True)
class ImageIntervals:
    """Intervals over test images that are available: `of` gives None for pairs with a cell that was left out."""

    bootstraps: Bootstraps
    left: Left

    def of(self, pairs: Sequence[Pair]) -> Difference | None:
        at_hand = all(self.bootstraps.has(key) for pair in pairs for key in (pair.key, pair.against))
        return self.bootstraps.difference(pairs) if pairs and at_hand else None


def image_interval(results: Results, store: StoreReader) -> Callable[[Sequence[Pair]], Difference] | None:
    """The bootstrap over test images of the mean difference of pairs; None where a cell's scores are not to be had."""
    bootstraps = Bootstraps(results.rows, store)
    if not results.rows or not all(bootstraps.available(key) for key in results.rows):
        return None
    return bootstraps.difference


def images_within(
    results: Results, store: StoreReader, within: float | None = None, progress: Progress | None = None
) -> ImageIntervals:
    """For a report: the methods against the baseline, of all cells that `within` seconds suffice for, or of all."""
    bootstraps = Bootstraps(results.rows, store)
    return ImageIntervals(bootstraps, bootstraps.prepare(compared_cells(results), progress, within))


def compared_cells(results: Results) -> tuple[str, ...]:
    """The keys of the cells in the differences between the methods and the baseline, the baseline's own first."""
    frame, baseline = results.frame, results.baseline
    columns = (frame[name].tolist() for name in ("method", "percent", "seed", "key"))
    lines = [(method, (str(percent), seed), key) for method, percent, seed, key in zip(*columns, strict=True)]
    own = {place: key for method, place, key in lines if method == baseline}
    others = [(place, key) for method, place, key in lines if method != baseline and place in own]
    return tuple(dict.fromkeys([*(own[place] for place, _ in others), *(key for _, key in others)]))
