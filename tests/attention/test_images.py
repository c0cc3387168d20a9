"""Images and classes are picked by rule; marks say what became of each class."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from bench.attention.images import chosen_classes, chosen_images, marks, named

LABELS = hnp.arrays(np.int8, 8, elements=st.sampled_from([-1, 0, 1]))
SCORES = hnp.arrays(np.float32, 8, elements=st.floats(-10, 10, width=32), unique=True)


def test_the_first_images_or_a_seeded_draw():
    assert chosen_images(100, 4, None) == [0, 1, 2, 3]
    assert chosen_images(3, 8, None) == [0, 1, 2]
    drawn = chosen_images(100, 4, 7)
    assert drawn == chosen_images(100, 4, 7) == sorted(set(drawn))
    assert drawn != chosen_images(100, 4, 8)


def test_as_many_classes_are_named_as_are_there():
    scores, labels = np.array([3.0, 1.0, 2.0, 0.0]), np.array([1, 1, -1, -1])
    assert named(scores, labels).tolist() == [True, False, True, False]
    assert marks(scores, labels) == ["true positive", "missed", "false positive", "absent"]
    assert chosen_classes([scores], labels, 6) == ([0, 2, 1], 0)
    assert chosen_classes([scores], labels, 2) == ([0, 2], 1), "what is cut off has the lowest score"


def test_an_image_without_any_class_still_names_one():
    assert marks(np.array([0.0, 1.0]), np.array([-1, -1])) == ["absent", "false positive"]


def test_what_is_not_judged_is_neither_right_nor_wrong():
    assert marks(np.array([9.0, 1.0]), np.array([0, 1])) == ["not judged", "true positive"]


@given(SCORES, LABELS)
def test_every_class_that_is_there_is_shown_and_nobody_chooses(scores, labels):
    shown, more = chosen_classes([scores], labels, 100)
    assert more == 0
    assert set(np.flatnonzero(labels == 1)) <= set(shown)
    assert list(scores[shown]) == sorted(scores[shown], reverse=True)
    result = marks(scores, labels)
    present = int((labels == 1).sum())
    assert result.count("true positive") + result.count("missed") == present
    if present:
        assert result.count("false positive") == result.count("missed")


@given(SCORES, LABELS, st.floats(0.1, 10), st.floats(-5, 5))
def test_only_the_order_of_scores_counts(scores, labels, scale, offset):
    """Methods differ in scale and zero of their scores; marks must not."""
    other = scores.astype(np.float64) * scale + offset
    if len(np.unique(other)) == len(other):
        assert marks(other, labels) == marks(scores, labels)


@pytest.mark.parametrize("labels", [[1, 1, -1, -1]])
def test_a_perfect_order_is_right_everywhere(labels):
    assert marks(np.array([4.0, 3.0, 2.0, 1.0]), np.array(labels)) == ["true positive"] * 2 + ["absent"] * 2


def test_two_cells_choose_the_same_classes_and_none_comes_first():
    labels = np.array([1, -1, -1, -1, 0], np.int8)
    one, other = np.array([0.0, 5, 1, -1, 9]), np.array([8.0, -3, 2, 9, 0])
    shown, more = chosen_classes([one, other], labels, 6)
    assert sorted(shown) == [0, 1, 3], "there, named by one, named by the other; what is not judged is never shown"
    assert (shown, more) == chosen_classes([other, one], labels, 6)
    assert chosen_classes([one, other], labels, 2)[1] == 1
    ten_times = chosen_classes([10 * one, other], labels, 6)
    assert ten_times == (shown, more), "methods' scores have no common scale"
