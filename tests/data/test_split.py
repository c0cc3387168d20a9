"""A split refuses what would make masks or metrics silently wrong."""

import numpy as np
import pytest

from bench.data import Split
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
