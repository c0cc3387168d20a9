"""What is known of each class, and what is odd."""

import numpy as np

from bench.data.class_counts import class_counts

TRAIN = np.array([[1, 0, 1, -1, 1, 1, 0], [-1, 0, 1, -1, 1, -1, -1], [0, 0, 1, -1, 0, 0, 0]], np.int8)
TEST = np.array([[1, 0, 1, 1, 1, 1, 1], [-1, 0, 0, -1, -1, -1, -1]], np.int8)


def test_known_and_unknown_labels_are_counted_and_odd_classes_named():
    counts = class_counts(tuple("abcdefg"), TRAIN, TEST)
    assert [one.train for one in counts[:3]] == [(1, 1, 1), (0, 0, 3), (3, 0, 0)]
    assert [one.test for one in counts[:3]] == [(1, 1, 0), (0, 0, 2), (1, 0, 1)]
    assert [one.odd for one in counts] == [
        (),
        ("nothing is known in training", "nothing is known in test"),
        ("present in every training image", "no known negative in test"),
        ("absent in every training image",),
        ("no known negative in training",),
        ("labels equal those of a",),
        ("no known positive in training",),
    ]
