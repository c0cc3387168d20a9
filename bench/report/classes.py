"""AP by class: read from the rows, averaged over seeds and ratios, with the classes in order of frequency."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from bench.errors import DataError
from bench.records.reader import StoreReader
from bench.records.rows import Row
from bench.records.warnings import warn_once
from bench.report.results import Results
from bench.stats.paired import Percent

THIRDS = ("frequent", "middle", "rare")
FEWEST_CLASSES = 6
"""Classes below which thirds by frequency would be single classes."""


@dataclass(frozen=True)
class ClassScores:
    """AP in percent (M, C) of methods by class, the most frequent class first; NaN where there is none.

    positives (C,): images that show the class, in `split` ("training" or "test"); see `frequencies`.
    """

    methods: tuple[str, ...]
    classes: tuple[str, ...]
    values: np.ndarray
    positives: np.ndarray
    split: str

    def against(self, baseline: str) -> "ClassScores":
        """The other methods' distance from the baseline."""
        place = self.methods.index(baseline)
        others = [i for i in range(len(self.methods)) if i != place]
        return replace(
            self,
            methods=tuple(self.methods[i] for i in others),
            values=self.values[others] - self.values[place],
        )

    def of_methods(self, chosen: Sequence[str]) -> "ClassScores":
        """Only these methods."""
        return replace(self, methods=tuple(chosen), values=self.values[[self.methods.index(m) for m in chosen]])

    def of_classes(self, chosen: Sequence[int]) -> "ClassScores":
        """Only these classes."""
        return replace(
            self,
            classes=tuple(self.classes[i] for i in chosen),
            values=self.values[:, chosen],
            positives=self.positives[chosen],
        )

    def most_different(self, count: int) -> "ClassScores":
        """The classes in which the methods lie furthest apart, in order of frequency."""
        spans = np.nan_to_num(_quietly(np.nanmax, self.values) - _quietly(np.nanmin, self.values))
        return self.of_classes(sorted(np.argsort(-spans, kind="stable")[:count]))

    def thirds(self) -> np.ndarray:
        """Mean AP (M, 3) over the most frequent third of the classes, the middle one, and the rarest."""
        return np.stack([_quietly(np.nanmean, self.values[:, part], axis=1) for part in self._parts()], axis=1)

    def sizes(self) -> tuple[int, ...]:
        """How many classes each third has."""
        return tuple(len(part) for part in self._parts())

    def _parts(self) -> list[np.ndarray]:
        return np.array_split(np.arange(len(self.classes)), len(THIRDS))


def class_scores(
    results: Results, store: StoreReader, methods: Sequence[str], percents: Sequence[Percent]
) -> ClassScores | None:
    """Means over the seeds of each ratio, then over ratios; methods without a number at one of them are left out.

    None where nothing is left, where cells disagree on the classes, or where the labels to count are gone.
    """
    complete = [m for m in methods if all(results.filled.get((m, percent)) for percent in percents)]
    rows = [row for method in complete for percent in percents for row in results.filled[method, percent]]
    if not rows or len({tuple(row.class_ap) for row in rows}) > 1:
        return None
    classes = tuple(rows[0].class_ap)
    values = np.array([
        np.mean([_mean_over_seeds(results.filled[m, percent]) for percent in percents], axis=0) for m in complete
    ])  # fmt: skip
    try:
        positives, split = frequencies(rows[0], store)
    except (OSError, DataError) as error:
        warn_once(str(error))
        return None
    scores = ClassScores(tuple(complete), classes, values, positives, split)
    judged = [i for i in np.argsort(-positives, kind="stable") if not np.isnan(values[:, i]).all()]
    return scores.of_classes(judged) if judged else None


def frequencies(row: Row, store: StoreReader) -> tuple[np.ndarray, str]:
    """Positives by class (C,) and where they were counted: in the training images, or with older rows in the test's."""
    counted = row.data.get("train_positives")
    if counted:
        return np.array([counted.get(name, 0) for name in row.class_ap]), "training"
    targets = store.targets(row.cell.dataset.fingerprint)
    by_name = dict(zip(targets.class_names, (targets.labels == 1).sum(axis=0), strict=True))
    return np.array([by_name.get(name, 0) for name in row.class_ap]), "test"


def _mean_over_seeds(rows: Sequence[Row]) -> np.ndarray:
    return np.mean([[np.nan if ap is None else ap for ap in row.class_ap.values()] for row in rows], axis=0)


def _quietly(reduce, values: np.ndarray, axis: int = 0) -> np.ndarray:
    """NaN where everything is NaN, without numpy's warning."""
    empty = np.isnan(values).all(axis=axis)
    filled = np.where(np.expand_dims(empty, axis), 0.0, values)
    return np.where(empty, np.nan, reduce(filled, axis=axis))
