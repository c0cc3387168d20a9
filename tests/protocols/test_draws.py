"""Draws piece by piece are those of one piece."""

import hashlib

import numpy as np
import pytest

from bench.system.seeding import numpy_stream
from protocols import base, draws
from protocols.base import UNNAMED, Images

SHAPE = (20, 7)


@pytest.mark.parametrize(
    "images", [UNNAMED, Images(positions=np.array([0, 3, 4, 9, *range(20, 36)]), count=41)], ids=["all", "a part"]
)
@pytest.mark.parametrize("chunk", [1, 21, 35, 10_000])
def test_chunks_are_the_draws_of_one_piece(images: Images, chunk: int, monkeypatch) -> None:
    whole = draws.uniform_draws(numpy_stream("mask", 3), SHAPE, images)
    monkeypatch.setattr(base, "ENTRIES_AT_ONCE", chunk)
    pieces = np.full(SHAPE, np.nan, np.float32)
    for rows, drawn in draws.uniform_chunks(numpy_stream("mask", 3), SHAPE, images):
        pieces[rows] = drawn
    np.testing.assert_array_equal(pieces, whole)


@pytest.mark.parametrize("chunk", [1, 50, 10_000])
def test_facts_are_counted_alike_in_chunks(chunk: int, monkeypatch) -> None:
    rng = np.random.default_rng(0)
    labels, observed = rng.integers(-1, 2, SHAPE).astype(np.int8), rng.integers(-1, 2, SHAPE).astype(np.int8)
    observed[labels == 0] = 0
    rows = np.array([0, 2, 3, 11, 19])
    monkeypatch.setattr(base, "ENTRIES_AT_ONCE", chunk)
    facts, full, left = base.mask_facts(labels, observed, rows), labels[rows], observed[rows]
    known = left != 0
    assert facts.sha256 == hashlib.sha256(left.tobytes()).hexdigest()
    assert facts.known == known[full != 0].mean()
    assert (facts.known_positives, facts.known_negatives) == (known[full == 1].mean(), known[full == -1].mean())
    assert facts.known_wrong == (full != left)[known].mean()
    assert facts.images_without_labels == (~known).all(axis=1).sum()
    assert facts.classes_without_positives == (~(left == 1)).all(axis=0).sum()
    assert facts.unknown_in_data == (full == 0).mean()
    assert base.mask_facts(full, left) == facts
