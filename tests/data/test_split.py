"""A split refuses what would make masks or metrics silently wrong."""

import numpy as np
import pytest

from bench.data import Split
from bench.data.unknown import unknown_facts, unknown_sentence
from bench.errors import DataError

LABELS = np.array([[1, -1], [-1, 1]], np.int8)
WRONG = {
    "positions without a count": ({"positions": np.array([0, 3])}, "belong together"),
    "a count without positions": ({"official_count": 4}, "belong together"),
    "too few positions": ({"positions": np.array([0]), "official_count": 4}, "2 ascending rows"),
    "falling positions": ({"positions": np.array([3, 0]), "official_count": 4}, "2 ascending rows"),
    "equal positions": ({"positions": np.array([3, 3]), "official_count": 4}, "2 ascending rows"),
    "positions out of the list": ({"positions": np.array([0, 4]), "official_count": 4}, "official list of 4"),
    "negative positions": ({"positions": np.array([-1, 3]), "official_count": 4}, "2 ascending rows"),
    "ignored of another shape": ({"ignored": np.zeros((2, 3), bool)}, "bool matrix of the labels' shape"),
    "ignored of another type": ({"ignored": np.zeros((2, 2), np.int8)}, "bool matrix of the labels' shape"),
}


@pytest.mark.parametrize(("more", "words"), WRONG.values(), ids=WRONG)
def test_wrong_positions_and_masks_are_refused(more, words):
    with pytest.raises(DataError, match=words):
        Split(("a", "b"), LABELS.copy(), [None, None], **more)


def test_what_is_unknown_is_judged_nowhere_and_classes_of_one_kind_are_left_out():
    labels = np.array([[1, 0, 1, -1], [-1, 1, 0, -1], [0, 1, -1, 0]], np.int8)
    split = Split(("a", "b", "c"), labels, [None] * 3)
    assert not split.complete
    assert np.array_equal(split.judged, labels)
    assert split.measured.tolist() == [[1, 0, 1, 0], [-1, 0, 0, 0], [0, 0, -1, 0]]
    facts = unknown_facts(("p", "q", "r", "s"), labels, labels, split.measured)["unknown"]
    assert facts == {
        "train": 4 / 12, "test": 4 / 12, "test_known": 4, "test_entries": 12, "not_judged": ["q", "s"],
    }  # fmt: skip
    assert "4 known test entries of 2 of 4 classes" in unknown_sentence(facts, 4)


def test_fully_labelled_classes_are_all_measured_and_nothing_is_said_of_unknown_labels():
    split = Split(("a", "b"), np.array([[1, -1], [1, -1]], np.int8), [None, None])
    assert split.complete
    assert np.array_equal(split.measured, split.labels)
    assert unknown_facts(("p", "q"), split.labels, split.labels, split.measured) == {}


def test_other_values_than_three_are_refused():
    with pytest.raises(DataError, match="0 where nothing is known"):
        Split(("a", "b"), np.array([[1, 2], [-1, -1]], np.int8), [None, None])


def test_nothing_of_a_split_can_be_written_over():
    split = Split(
        ("a", "b"),
        LABELS.copy(),
        [None, None],
        positions=np.array([1, 3]),
        official_count=4,
        ignored=np.array([[False, True], [False, False]]),
    )
    for array in (split.labels, split.positions, split.ignored):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0
    assert split.judged.tolist() == [[1, 0], [-1, 1]]
    assert split.labels.tolist() == LABELS.tolist()
