"""Draws piece by piece are those of one piece."""

import numpy as np
import pytest

from bench.system.seeding import numpy_stream
from protocols import draws
from protocols.base import UNNAMED, Images

SHAPE = (20, 7)


@pytest.mark.parametrize(
    "images", [UNNAMED, Images(positions=np.array([0, 3, 4, 9, *range(20, 36)]), count=41)], ids=["all", "a part"]
)
@pytest.mark.parametrize("chunk", [1, 21, 35, 10_000])
def test_chunks_are_the_draws_of_one_piece(images: Images, chunk: int, monkeypatch) -> None:
    whole = draws.uniform_draws(numpy_stream("mask", 3), SHAPE, images)
    monkeypatch.setattr(draws, "DRAWS_AT_ONCE", chunk)
    pieces = np.full(SHAPE, np.nan, np.float32)
    for rows, drawn in draws.uniform_chunks(numpy_stream("mask", 3), SHAPE, images):
        pieces[rows] = drawn
    np.testing.assert_array_equal(pieces, whole)
