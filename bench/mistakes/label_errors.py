"""Labels that may be missing, by the thresholds of confident learning (Northcutt et al., JAIR 2021).

Confident learning counts an image as a member of class c where the model gives it at least the mean probability of the
images that are labelled c, and likewise for "not c"; the images must not have been trained on, which holds for a test
split. Here the means are taken over logits: methods share neither zero nor scale, and a shift or a scale of a class's
logits changes nothing. Nothing is trained, hidden or scored by this.
"""

from collections.abc import Sequence

import numpy as np

from bench.mistakes.wrong_images import ImageRanking


def present_threshold(ranking: ImageRanking) -> float | None:
    """The mean score of the class's present images; None where it tells nothing.

    That is where nothing is present, or where the present images score no higher on average than the absent ones: then
    an image above the one mean is not above the other.
    """
    present, absent = ranking.scores[ranking.present], ranking.scores[~ranking.present]
    if not len(present) or not len(absent) or present.mean() <= absent.mean():
        return None
    return float(present.mean())


def maybe_missing(ranking: ImageRanking) -> np.ndarray:
    """bool (J,): absent images that score at least the mean of the present ones."""
    threshold = present_threshold(ranking)
    if threshold is None:
        return np.zeros(len(ranking.rows), bool)
    return ~ranking.present & (ranking.scores >= threshold)


def maybe_missing_rows(rankings: Sequence[ImageRanking]) -> list[int]:
    """The images of one class whose label may be missing by all cells, in the first cell's order."""
    first, *others = [ranking.rows[maybe_missing(ranking)].tolist() for ranking in rankings]
    return [row for row in first if all(row in set(other) for other in others)]
