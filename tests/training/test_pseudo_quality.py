"""The quality of pseudo-labels: by hand and by formula."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from bench.training.pseudo_quality import JUDGED, pseudo_quality

pytestmark = pytest.mark.slow

SIGNS = np.array([[1, -1, 0, 0], [1, 1, -1, -1]], np.int8)
HIDDEN = np.array([[1, 1, 1, 0], [-1, 1, -1, 0]], np.int8)


def test_by_hand() -> None:
    assert pseudo_quality(SIGNS, HIDDEN) == {
        "pseudo_positives": 3,
        "pseudo_positive_precision": pytest.approx(200 / 3),
        "pseudo_positive_recall": pytest.approx(50.0),
        "pseudo_negatives": 3,
        "pseudo_negative_precision": pytest.approx(50.0),  # the third one's truth is unknown
        "pseudo_negative_recall": pytest.approx(50.0),
        "pseudo_positives_lost": pytest.approx(25.0),
    }


def test_only_what_is_made_is_told_and_a_share_of_nothing_is_not() -> None:
    assert set(pseudo_quality(SIGNS, HIDDEN, ["positive"])) == {
        "pseudo_positives", "pseudo_positive_precision", "pseudo_positive_recall",
    }  # fmt: skip
    assert pseudo_quality(SIGNS, HIDDEN, []) == {}
    assert pseudo_quality(0 * SIGNS, HIDDEN, ["positive"]) == {"pseudo_positives": 0, "pseudo_positive_recall": 0.0}
    assert pseudo_quality(SIGNS, 0 * HIDDEN) == {"pseudo_positives": 3, "pseudo_negatives": 3}


labels = arrays(np.int8, (4, 3), elements=st.integers(-1, 1))


@given(signs=labels, hidden=labels)
def test_it_is_the_formula_entry_by_entry(signs: np.ndarray, hidden: np.ndarray) -> None:
    quality = pseudo_quality(signs, hidden)
    pairs = list(zip(signs.ravel().tolist(), hidden.ravel().tolist(), strict=True))
    for name, sign in (("positive", 1), ("negative", -1)):
        right = sum(s == h == sign for s, h in pairs)
        result = sum(s == sign and h != 0 for s, h in pairs)
        true = sum(h == sign for _, h in pairs)
        assert quality[f"pseudo_{name}s"] == sum(s == sign for s, _ in pairs)
        assert quality.get(f"pseudo_{name}_precision") == (pytest.approx(100 * right / result) if result else None)
        assert quality.get(f"pseudo_{name}_recall") == (pytest.approx(100 * right / true) if true else None)
    assert all(0 <= quality[name] <= 100 for name in JUDGED if name in quality)
    assert set(JUDGED) >= set(quality) - {"pseudo_positives", "pseudo_negatives"}
    # Who turns every sign and every truth around swaps the kinds.
    turned = pseudo_quality(-signs, -hidden)
    assert turned.get("pseudo_negative_recall") == quality.get("pseudo_positive_recall")
