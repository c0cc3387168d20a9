"""Rules of published code, against the random numbers that code would use: NumPy's global generator, entry by entry."""

import numpy as np
import pytest
from helpers.masks import named
from helpers.real import needs_voc, voc2007
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from protocols import PROTOCOLS, Images
from protocols.csl import PerClassOptions

labels = arrays(np.int8, st.tuples(st.integers(1, 30), st.integers(1, 8)), elements=st.sampled_from([-1, 1]))
percents, seeds = st.integers(1, 100), st.integers(0, 50)
quick = settings(max_examples=40, deadline=None)


def observe(name: str, full: np.ndarray, percent: int | None, seed: int, images=None, options=None) -> np.ndarray:
    return PROTOCOLS.get(name)(options).observe(full, percent, seed, images or named(len(full)))


@needs_voc
@pytest.mark.parametrize(("percent", "counts"), [(10, (740, 9368)), (50, (3674, 46489)), (90, (6558, 83616))])
def test_hcp_on_voc2007_knows_as_many_as_the_published_masks(percent, counts):
    full = voc2007()
    assert full.shape == (5011, 20)
    observed = observe("hcp", full, percent, seed=0)
    assert ((observed == 1).sum(), (observed == -1).sum()) == counts


@quick
@given(full=labels, tenth=st.integers(1, 9), seed=seeds)
def test_hcp_draws_row_by_row_from_the_legacy_generator(full, tenth, seed):
    np.random.seed(seed)
    expected = [[y if np.random.random() < tenth / 10 else 0 for y in row] for row in full.tolist()]
    assert observe("hcp", full, 10 * tenth, seed).tolist() == expected


@quick
@given(full=labels, percent=percents, seed=seeds, data=st.data())
def test_hcp_drops_rows_after_drawing(full, percent, seed, data):
    kept = np.array(sorted(data.draw(st.sets(st.integers(0, len(full) - 1), min_size=1))))
    part = Images(positions=kept, count=len(full))
    assert np.array_equal(observe("hcp", full[kept], percent, seed, part), observe("hcp", full, percent, seed)[kept])


@quick
@given(full=labels, percent=percents, seed=seeds)
def test_random_per_sample_is_the_released_code_after_seeding_with_its_drop_rate(full, percent, seed):
    np.random.seed(seed)
    expected = [[0 if np.random.random() < (100 - percent) / 100 else y for y in row] for row in full.tolist()]
    assert observe("random_per_sample", full, percent, seed).tolist() == expected


@quick
@given(full=labels, number=st.integers(1, 12), seed=seeds)
def test_fixed_per_class_is_the_released_code_after_seeding(full, number, seed):
    np.random.seed(seed)
    expected = np.zeros_like(full)
    for c in range(full.shape[1]):
        positives, negatives = np.where(full[:, c] == 1)[0], np.where(full[:, c] == -1)[0]
        for sign, rows in ((1, positives), (-1, negatives)):
            kept = np.random.permutation(rows.size)[: min(number, rows.size)] if rows.size else []
            expected[rows[kept], c] = sign
    observed = observe("fixed_per_class", full, None, seed, options=PerClassOptions(labels=number))
    assert np.array_equal(observed, expected)
    for sign in (1, -1):
        assert np.array_equal((observed == sign).sum(axis=0), np.minimum(number, (full == sign).sum(axis=0)))
