"""Labels that may be missing: the threshold of confident learning, worked by hand."""

import numpy as np
import pytest

from bench.mistakes.label_errors import maybe_missing, maybe_missing_rows, present_threshold
from bench.mistakes.wrong_images import image_rankings

SCORES = [4.0, 2.0, 3.0, 2.9, 5.0, -1.0, -1.0, 9.0]
LABELS = [1, 1, -1, -1, -1, -1, -1, 0]


def ranking_of(scores, labels=LABELS):
    return image_rankings(np.array(scores)[:, None], np.array(labels, np.int8)[:, None], list("abcdefgh"))[0]


def rows_of(ranking):
    return sorted(ranking.rows[maybe_missing(ranking)].tolist())


def test_absent_images_at_or_above_the_mean_of_the_present_ones():
    ranking = ranking_of(SCORES)
    assert present_threshold(ranking) == 3.0
    assert rows_of(ranking) == [2, 4], "2.9 is below, and what is unknown is no label"


@pytest.mark.parametrize(("scale", "shift"), [(0.01, 0.0), (7.0, -30.0)])
def test_a_shift_or_a_scale_of_the_scores_changes_nothing(scale, shift):
    assert rows_of(ranking_of([scale * score + shift for score in SCORES])) == [2, 4]


def test_a_class_ranked_no_better_than_by_chance_gives_no_hint():
    turned = ranking_of([-score for score in SCORES])
    assert present_threshold(turned) is None
    assert rows_of(turned) == []
    assert rows_of(ranking_of([1.0] * 8)) == []


@pytest.mark.parametrize("label", [1, -1])
def test_a_class_with_one_kind_of_label_gives_no_hint(label):
    assert rows_of(ranking_of(SCORES, [label] * 8)) == []


def test_two_cells_must_agree():
    other = ranking_of([4.0, 2.0, 9.0, 3.5, 2.5, -1.0, -1.0, 9.0])
    assert maybe_missing_rows([ranking_of(SCORES), other]) == [2]
    assert maybe_missing_rows([ranking_of(SCORES)]) == [4, 2], "the highest first"
