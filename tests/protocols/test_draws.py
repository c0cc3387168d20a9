"""Draws piece by piece are those of one piece."""

import hashlib

import numpy as np
import pytest
from helpers import masks

from bench.system import chunks
from bench.system.seeding import numpy_stream
from protocols import base, draws
from protocols.base import PROTOCOLS, UNNAMED, Images

SHAPE = (20, 7)


@pytest.mark.parametrize(
    "images", [UNNAMED, Images(positions=np.array([0, 3, 4, 9, *range(20, 36)]), count=41)], ids=["all", "a part"]
)
@pytest.mark.parametrize("chunk", [1, 21, 35, 10_000])
def test_chunks_are_the_draws_of_one_piece(images: Images, chunk: int, monkeypatch) -> None:
    rows = SHAPE[0] if images.count is None else images.count
    whole = draws.of_present_images(numpy_stream("mask", 3).random((rows, SHAPE[1]), dtype=np.float32), images)
    monkeypatch.setattr(chunks, "ENTRIES_AT_ONCE", chunk)
    pieces = np.full(SHAPE, np.nan, np.float32)
    for rows, drawn in draws.uniform_pieces(numpy_stream("mask", 3), SHAPE, images):
        pieces[rows] = drawn
    np.testing.assert_array_equal(pieces, whole)


@pytest.mark.parametrize("chunk", [1, 50, 10_000])
def test_facts_are_counted_alike_in_chunks(chunk: int, monkeypatch) -> None:
    rng = np.random.default_rng(0)
    labels, observed = rng.integers(-1, 2, SHAPE).astype(np.int8), rng.integers(-1, 2, SHAPE).astype(np.int8)
    observed[labels == 0] = 0
    rows = np.array([0, 2, 3, 11, 19])
    monkeypatch.setattr(chunks, "ENTRIES_AT_ONCE", chunk)
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


@pytest.mark.parametrize("name", [name for name in PROTOCOLS.names() if name not in masks.WITH_FILES])
def test_masks_drawn_in_pieces_are_those_of_one_piece(name: str, monkeypatch) -> None:
    labels = np.random.default_rng(1).integers(-1, 2, SHAPE).astype(np.int8)
    protocol = PROTOCOLS.get(name)()
    images = Images([f"{i * 7 % 20}.jpg" for i in range(20)], np.array([0, 3, 4, 9, *range(20, 36)]), 41)

    def drawn() -> np.ndarray:
        return protocol.observe(labels, 40 if protocol.has_percent else None, 2, images)

    whole = drawn()
    monkeypatch.setattr(chunks, "ENTRIES_AT_ONCE", 3 * SHAPE[1])
    np.testing.assert_array_equal(drawn(), whole)
