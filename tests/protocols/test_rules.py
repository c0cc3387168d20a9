"""What each rule of our own promises beyond what all protocols must keep."""

import numpy as np
import pytest
from helpers.elsewhere import full_labels
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from protocols import PROTOCOLS, mask_facts
from protocols.frequency_biased import BiasOptions, keep_probabilities
from protocols.noisy_negatives import NoiseOptions

percents, seeds = st.integers(1, 100), st.integers(0, 50)
labels = arrays(np.int8, st.tuples(st.integers(1, 30), st.integers(1, 8)), elements=st.sampled_from([-1, 1]))
counts = arrays(np.int64, st.integers(1, 12), elements=st.integers(0, 50_000))
quick = settings(max_examples=40, deadline=None)


def observe(name: str, full: np.ndarray, percent: int | None, seed: int, options=None) -> np.ndarray:
    return PROTOCOLS.get(name)(options).observe(full, percent, seed)


@settings(max_examples=15, deadline=None)
@given(percent=percents, seed=seeds)
def test_partial_keeps_its_share_of_positives_and_of_negatives(percent, seed):
    """Within five standard deviations of a binomial, in each sign and in each class."""
    full = full_labels()
    known = observe("partial", full, percent, seed) != 0
    p = percent / 100
    for group in (full == 1, full == -1):
        spread = 5 * np.sqrt(p * (1 - p) / group.sum()) + 1e-9
        assert abs(known[group].mean() - p) <= spread
    spread = 5 * np.sqrt(p * (1 - p) / len(full)) + 1e-9
    assert (abs(known.mean(axis=0) - p) <= spread).all()


@quick
@given(full=labels, seed=seeds)
def test_single_positive_knows_one_positive_where_there_is_one_and_nothing_else(full, seed):
    observed = observe("single_positive", full, None, seed)
    assert np.array_equal((observed == 1).sum(axis=1), (full == 1).any(axis=1))


@pytest.mark.parametrize("name", ["single_positive", "role"])
def test_one_positive_is_drawn_equally_often_from_all(name):
    full = np.full((8000, 5), -1, np.int8)
    full[:, 1:4] = 1
    options = PROTOCOLS.get(name).Options(**({"order": "rows"} if name == "role" else {}))
    counted = (observe(name, full, None, 0, options) == 1).sum(axis=0)
    assert counted[[0, 4]].tolist() == [0, 0]
    assert (abs(counted[1:4] / 8000 - 1 / 3) < 5 * np.sqrt(2 / 9 / 8000)).all()


@quick
@given(full=labels, percent=percents, seed=seeds)
def test_image_level_knows_whole_images_and_exactly_their_share(full, percent, seed):
    known = observe("image_level", full, percent, seed) != 0
    assert (known.all(axis=1) | ~known.any(axis=1)).all()
    assert known.any(axis=1).sum() == round(len(full) * percent / 100)


@quick
@given(positives=counts, share=st.floats(0.01, 0.99), bias=st.floats(0, 4))
def test_bias_takes_from_rare_classes_what_it_gives_to_frequent_ones(positives, share, bias):
    """The share over all positives stays; a rarer class is never known better; without bias all are alike."""
    chance = keep_probabilities(positives, share, bias)
    assert ((chance >= 0) & (chance <= 1)).all()
    assert positives @ chance == pytest.approx(share * positives.sum(), rel=1e-6)
    there = positives > 0
    assert (np.diff(chance[there][np.argsort(positives[there])]) >= 0).all()
    if bias == 0:
        assert chance == pytest.approx(share)


@quick
@given(positives=counts, one=st.integers(1, 100), other=st.integers(1, 100), bias=st.floats(0, 4))
def test_under_bias_every_class_is_known_better_at_a_larger_share(positives, one, other, bias):
    few, many = (keep_probabilities(positives, percent / 100, bias) for percent in sorted((one, other)))
    assert (few <= many).all()


def test_frequency_biased_hides_rare_positives_and_keeps_the_share():
    draw = np.random.default_rng(0).random((20_000, 4))
    full = np.where(draw < np.array([0.4, 0.2, 0.05, 0.01]), 1, -1).astype(np.int8)
    observed = observe("frequency_biased", full, 30, 0, BiasOptions(bias=1.0))
    shares = [(observed[:, c] == 1).sum() / (full[:, c] == 1).sum() for c in range(4)]
    assert shares == sorted(shares, reverse=True)
    assert shares[0] > 0.35
    assert shares[3] < 0.1
    facts = mask_facts(full, observed)
    assert facts.known_positives == pytest.approx(0.3, abs=5 * np.sqrt(0.21 / (full == 1).sum()))
    negatives = [(observed[:, c] == -1).sum() / (full[:, c] == -1).sum() for c in range(4)]
    assert negatives == pytest.approx([0.3] * 4, abs=0.03)
    assert np.array_equal(
        observe("frequency_biased", full, 30, 0, BiasOptions(bias=0.0)), observe("partial", full, 30, 0)
    )


@quick
@given(full=labels, percent=percents, seed=seeds, noise=st.floats(0, 0.99))
def test_noise_turns_positives_into_negatives_and_touches_nothing_else(full, percent, seed, noise):
    observed = observe("noisy_negatives", full, percent, seed, NoiseOptions(noise=noise))
    clean = observe("partial", full, percent, seed)
    assert np.array_equal(observed != 0, clean != 0), "the same labels are known as under `partial`"
    changed = observed != clean
    assert (full[changed] == 1).all()
    assert (observed[changed] == -1).all()


@pytest.mark.parametrize("percent", [20, 100])
def test_the_noise_is_the_share_that_was_asked_for_and_independent_of_the_mask(percent):
    full = np.ones((2000, 10), np.int8)
    observed = observe("noisy_negatives", full, percent, 0, NoiseOptions(noise=0.3))
    known = observed != 0
    wrong = (observed[known] == -1).mean()
    assert abs(wrong - 0.3) < 5 * np.sqrt(0.21 / known.sum())
    assert mask_facts(full, observed).known_wrong == pytest.approx(wrong)
    assert mask_facts(full, observe("noisy_negatives", full, percent, 0, NoiseOptions(noise=0))).known_wrong == 0
