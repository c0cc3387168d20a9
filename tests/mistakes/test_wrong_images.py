"""Which images a class ranks wrong, on matrices worked by hand: ties, unknown labels, two cells."""

import numpy as np
import pytest

from bench.mistakes.wrong_images import KINDS, image_rankings, shared_mistakes

IDS = ("b", "a", "d", "c", "e")
SCORES = np.array([[0.9, 1], [0.9, 1], [0.5, 1], [9.0, 1], [0.7, 1]], np.float32)
LABELS = np.array([[-1, 1], [1, -1], [1, -1], [0, 1], [-1, 1]], np.int8)


def ids_of(ranking, places):
    return [IDS[ranking.rows[place]] for place in places]


def test_order_ranks_and_mistakes_of_a_class_with_a_tie_and_an_unknown():
    first, _ = image_rankings(SCORES, LABELS, IDS)
    assert ids_of(first, range(4)) == ["a", "b", "e", "d"], "equal scores stand by id; c is unknown"
    assert (first.positives, first.unknown) == (2, 1)
    assert first.wrong.tolist() == [False, True, False, True]
    assert first.passed.tolist() == [0, 1, 1, 2], "a tie is not passed"
    assert ids_of(first, first.worst("absent", 5)) == ["b", "e"]
    assert ids_of(first, first.worst("present", 1)) == ["d"]
    assert ids_of(first, first.worst("present", 5)) == ["d", "a"]
    assert (first.wrong_rows("absent"), first.wrong_rows("present")) == ({0}, {2})


def test_equal_scores_everywhere_leave_the_order_of_ids():
    _, second = image_rankings(SCORES, LABELS, IDS)
    assert ids_of(second, range(5)) == ["a", "b", "c", "d", "e"]
    assert ids_of(second, np.flatnonzero(second.wrong)) == ["a", "e"]
    assert second.passed.tolist() == [0] * 5


def test_the_order_of_the_images_changes_nothing():
    turned = np.array([4, 2, 0, 1, 3])
    whole = image_rankings(SCORES, LABELS, IDS)
    moved = image_rankings(SCORES[turned], LABELS[turned], [IDS[i] for i in turned])
    for one, other in zip(whole, moved, strict=True):
        assert [IDS[row] for row in one.rows] == [IDS[turned[row]] for row in other.rows]


@pytest.mark.parametrize("label", [1, -1, 0])
def test_a_class_with_one_kind_of_label_has_no_mistake(label):
    (ranking,) = image_rankings(np.arange(3.0)[:, None], np.full((3, 1), label, np.int8), list("abc"))
    assert not ranking.wrong.any()
    assert len(ranking.worst("absent", 9)) == (3 if label == -1 else 0)
    assert len(ranking.worst("present", 9)) == (3 if label == 1 else 0)
    assert ranking.unknown == (3 if label == 0 else 0)


def test_as_many_absent_as_present_images_are_wrong():
    rng = np.random.default_rng(0)
    labels = rng.integers(-1, 2, (40, 6)).astype(np.int8)
    for ranking in image_rankings(rng.integers(0, 9, (40, 6)), labels, list(map(str, range(40)))):
        assert len(ranking.wrong_rows("absent")) == len(ranking.wrong_rows("present")) > 0
        for place in range(len(ranking.rows)):
            present, score = ranking.present[place], ranking.scores[place]
            pairs = ranking.scores[~ranking.present] > score if present else ranking.scores[ranking.present] < score
            assert ranking.passed[place] == pairs.sum()


def test_images_that_two_cells_get_wrong_and_those_of_one_alone():
    labels = np.array([[1], [1], [-1], [-1]], np.int8)
    one, other = (
        image_rankings(np.array(scores)[:, None], labels, list("abcd"))[0]
        for scores in ([4.0, 1.0, 3.0, 2.0], [1.0, 2.0, 4.0, 3.0])
    )
    shared = {kind: shared_mistakes([one, other], kind) for kind in KINDS}
    assert (shared["absent"].all, shared["absent"].alone) == ({2}, (frozenset(), {3}))
    assert (shared["present"].all, shared["present"].alone) == ({1}, (frozenset(), {0}))
    alone = shared_mistakes([one], "absent")
    assert (alone.all, alone.alone) == ({2}, ({2},))
