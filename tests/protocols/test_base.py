"""The check of what a protocol gives, and the facts of a mask."""

import numpy as np
import pytest
from helpers.elsewhere import full_labels

from protocols import PROTOCOLS, UNNAMED, Protocol, mask_facts


class Liar(Protocol):
    """Gives hidden labels away, negated."""

    name = "liar"
    has_percent = False

    def hide(self, labels, percent, seed, images):
        return -labels


def test_a_protocol_that_gives_another_value_is_stopped():
    with pytest.raises(AssertionError, match="not the label's"):
        Liar().observe(full_labels(), None, 0)


def test_a_protocol_that_shares_the_wrong_type_or_shape_is_stopped(monkeypatch):
    for wrong in (lambda self, labels, *rest: labels.astype(float), lambda self, labels, *rest: labels[1:]):
        monkeypatch.setattr(Liar, "hide", wrong)
        with pytest.raises(AssertionError, match="liar"):
            Liar().observe(full_labels(), None, 0, UNNAMED)


class Inventor(Protocol):
    """Wrong on purpose, and so allowed other values, but not for entries that nobody knows."""

    name = "inventor"
    has_percent = False
    faithful = False

    def hide(self, labels, percent, seed, images):
        return np.where(labels == 0, np.int8(-1), labels)


def test_no_protocol_gives_a_value_to_what_the_data_does_not_tell():
    labels = full_labels()
    Inventor().observe(labels, None, 0)
    labels[0, 0] = 0
    with pytest.raises(AssertionError, match="unknown label"):
        Inventor().observe(labels, None, 0)


def test_shares_of_known_labels_are_of_those_that_the_data_has():
    labels = np.array([[1, -1, 0, 0], [1, -1, -1, 0]], np.int8)
    facts = mask_facts(labels, np.array([[1, 0, 0, 0], [0, -1, 0, 0]], np.int8))
    assert (facts.known, facts.known_positives, facts.known_negatives) == (2 / 5, 1 / 2, 1 / 3)
    assert (facts.unknown_in_data, facts.known_wrong) == (3 / 8, 0)


def test_mask_facts_count_what_a_naive_loop_counts():
    full = full_labels(40, 6)
    observed = PROTOCOLS.get("partial")().observe(full, 30, 0)
    observed[3] = 0
    observed[:, 2] = np.where(observed[:, 2] == 1, 0, observed[:, 2])
    known = {sign: [bool(o) for o, y in zip(observed.flat, full.flat, strict=True) if y == sign] for sign in (1, -1)}
    facts = mask_facts(full, observed)
    assert facts.known_positives == pytest.approx(sum(known[1]) / len(known[1]))
    assert facts.known_negatives == pytest.approx(sum(known[-1]) / len(known[-1]))
    assert facts.known == pytest.approx(np.count_nonzero(observed) / observed.size)
    assert facts.known_wrong == 0
    assert facts.images_without_labels == sum(not any(row) for row in observed)
    assert facts.classes_without_positives == sum(1 not in column for column in observed.T)
    changed = observed.copy()
    changed[0, 0] += 1
    assert mask_facts(full, changed).sha256 != facts.sha256
    changed = -observed
    assert mask_facts(full, changed).known_wrong == 1
    assert np.isnan(mask_facts(full, np.zeros_like(full)).known_wrong)
