"""ROLE's draws, against the random numbers that its published code takes."""

import numpy as np
import pytest
from helpers.elsewhere import full_labels
from helpers.masks import named
from helpers.real import coco, needs_coco
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from bench.errors import UsageError
from protocols import PROTOCOLS, Images
from protocols.role import RoleOptions, draw_order

pytestmark = pytest.mark.slow

labels = arrays(np.int8, st.tuples(st.integers(1, 30), st.integers(1, 8)), elements=st.sampled_from([-1, 1]))


percents, seeds = st.integers(1, 100), st.integers(0, 50)


quick = settings(max_examples=40, deadline=None)


def observe(name: str, full: np.ndarray, percent: int | None, seed: int, images=None, options=None) -> np.ndarray:
    return PROTOCOLS.get(name)(options).observe(full, percent, seed, images or named(len(full)))


def naive_role(full: np.ndarray, seed: int, positives: int = 1, negatives: int = 0) -> np.ndarray:
    rng, observed = np.random.RandomState(seed), np.zeros_like(full)
    for row, given_labels in zip(observed, full, strict=True):
        for sign, kept in ((1, positives), (-1, negatives)):
            where = np.flatnonzero(given_labels == sign)
            rng.shuffle(where)
            row[where[:kept]] = sign
    return observed


@quick
@given(full=labels, seed=seeds)
def test_role_shuffles_the_negatives_too(full, seed):
    full = full[(full == 1).any(axis=1)]
    observed = observe("role", full, None, seed, options=RoleOptions(order="rows"))
    assert np.array_equal(observed, naive_role(full, 1200 + seed))


@quick
@given(full=labels, seed=seeds, positives=st.integers(0, 3), negatives=st.integers(0, 3))
def test_role_keeps_other_counts_of_known_labels(full, seed, positives, negatives):
    full = full[(full == 1).any(axis=1)]
    options = RoleOptions(order="rows", positives=positives, negatives=negatives)
    observed = observe("role", full, None, seed, options=options)
    assert np.array_equal(observed, naive_role(full, 1200 + seed, positives, negatives))
    assert PROTOCOLS.get("role").knows_negatives(options) == (negatives > 0)


@quick
@given(full=labels, seed=seeds)
def test_role_draws_by_bare_coco_id_as_a_string_and_leaves_out_images_without_a_positive(full, seed):
    ids = [int(name[-16:-4]) for name in named(len(full)).ids]
    order = [r for r in sorted(range(len(full)), key=lambda r: str(ids[r])) if (full[r] == 1).any()]
    expected = np.zeros_like(full)
    expected[order] = naive_role(full[order], 1200 + seed)
    assert np.array_equal(observe("role", full, None, seed), expected)


def test_other_names_are_sorted_as_they_are():
    assert draw_order(["2008_000019.jpg", "2008_000008.jpg", "2007_1.jpg"]).tolist() == [2, 1, 0]


@quick
@given(full=labels, seed=seeds)
def test_role_draws_cub_as_images_txt_has_it(full, seed):
    full = full[(full == 1).any(axis=1)]
    images = Images(tuple(f"{i:03}.Grey_Gull/Gull_{100 - i}_{i}.jpg" for i in range(len(full), 0, -1)))
    assert np.array_equal(observe("role", full, None, seed, images), naive_role(full, 1200 + seed))
    by_name = observe("role", full, None, seed, images, RoleOptions(order="names"))
    assert np.array_equal(by_name, naive_role(full[::-1], 1200 + seed)[::-1])


def test_role_without_names_says_what_to_set():
    with pytest.raises(UsageError, match=r"set role\.order=rows"):
        observe("role", full_labels(), None, 0, Images())


@needs_coco
def test_role_on_real_coco_labels():
    ids, full = coco()
    part = slice(0, 5000)
    order = draw_order(ids[part])
    expected = np.zeros_like(full[part])
    expected[order] = naive_role(full[part][order], 1200)
    assert np.array_equal(observe("role", full[part], None, 0, Images(ids[part])), expected)
    whole = observe("role", full, None, 0, Images(ids))
    assert (whole == 1).sum(axis=1).tolist() == [1] * 82_081
    assert (whole != 0).sum() == 82_081
