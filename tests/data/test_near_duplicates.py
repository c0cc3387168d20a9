"""Pairs of hashes that differ in few bits: all of them, whatever is compared at once."""

from itertools import combinations

import numpy as np
import pytest

from bench.data import near_duplicates as module
from bench.data.image_facts import CROPS, HASH_BYTES
from bench.data.near_duplicates import near_duplicates


def flipped(one: np.ndarray, bits: int, random: np.random.Generator) -> np.ndarray:
    """Another hash that differs in so many bits behind the first, which says nothing."""
    unpacked = np.unpackbits(one)
    unpacked[1 + random.permutation(255)[:bits]] ^= 1
    return np.packbits(unpacked)


def by_hand(hashes: list[bytes | None], most: int) -> list[tuple[int, int, int]]:
    """Each crop of an image against the whole of the other, one pair after another."""
    pairs = []
    for (i, one), (j, other) in combinations([(i, one) for i, one in enumerate(hashes) if one is not None], 2):
        a, b = (np.unpackbits(np.frombuffer(each, np.uint8)).reshape(len(CROPS), -1)[:, 1:] for each in (one, other))
        nearest = int(min((a[0] != b).sum(axis=1).min(), (a != b[0]).sum(axis=1).min()))
        pairs += [(nearest, i, j)] if nearest <= most else []
    return [(i, j, nearest) for nearest, i, j in sorted(pairs)]


@pytest.mark.parametrize(("rows", "columns"), [(2048, 8192), (3, 5), (5, 3), (1, 1)])
def test_all_pairs_are_found_and_no_other(rows, columns, monkeypatch):
    monkeypatch.setattr(module, "TILE_ROWS", rows)
    monkeypatch.setattr(module, "TILE_COLUMNS", columns)
    random = np.random.default_rng(0)
    hashes = random.integers(0, 256, (17, len(CROPS), 32), dtype=np.uint8)
    for one, other, crop, bits in (
        (0, 16, 0, 44),
        (3, 9, 1, 7),
        (14, 5, 2, 0),
        (4, 11, 0, 45),
        (7, 8, 0, 20),
        (2, 6, 1, 46),
    ):
        hashes[one, 0] = flipped(hashes[other, crop], bits, random)
    hashes[..., 0] ^= random.integers(0, 2, hashes.shape[:2], dtype=np.uint8) << 7  # the bit of the mean
    listed: list[bytes | None] = [one.tobytes() for one in hashes]
    listed.insert(6, None)
    listed.insert(6, None)
    pairs = near_duplicates(listed, lambda *_: None)
    assert [tuple(one) for one in pairs] == by_hand(listed, 44)
    assert [one.bits for one in pairs] == [0, 7, 20, 44]


def test_progress_ends_with_all_and_no_image_is_no_pair():
    calls: list[tuple[int, int]] = []
    assert near_duplicates([None, None], lambda *one: calls.append(one)) == []
    assert near_duplicates([], lambda *one: calls.append(one)) == []
    assert calls == []
    near_duplicates([bytes(HASH_BYTES)] * 2, lambda *one: calls.append(one))
    assert calls[-1] == (3, 3)
