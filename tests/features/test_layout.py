"""Arrays of features on disk: damage is found and told in one sentence."""

import numpy as np
import pytest
from helpers.eye import COUNT, Eye, features

from bench.errors import DataError
from bench.features import (
    ENCODE_BATCH,
    CacheEntry,
    Shape,
    entries,
    remove,
    verify,
)


@pytest.mark.parametrize("damage", ["truncated", "empty", "missing", "other length", "description", "marker"])
def test_a_damaged_cache_gives_one_sentence(tmp_path, damage):
    features(tmp_path, Eye())
    [dense] = tmp_path.rglob("dense.npy")
    match damage:
        case "truncated":
            dense.write_bytes(dense.read_bytes()[:-10])
        case "empty":
            dense.write_bytes(b"")
        case "missing":
            dense.unlink()
        case "other length":
            np.save(dense, np.zeros((3, 4, 3), np.float16))
        case "description":
            (dense.parent / "about.json").write_text("{")
        case "marker":
            (dense.parent / "features.json").write_text("{")
    with pytest.raises(DataError) as caught:
        features(tmp_path, Eye())
    assert f"remove it with `bench cache rm {dense.parent.name}`" in str(caught.value)
    assert str(dense.parent) in str(caught.value)
    assert "\n" not in str(caught.value)
    remove(CacheEntry(dense.parent))
    again = Eye()
    features(tmp_path, again)
    assert again.encoded == COUNT


@pytest.mark.parametrize("array", ["dense", "pooled"])
@pytest.mark.parametrize("place", [8, 200, -1])
def test_verify_finds_any_flipped_byte(tmp_path, array, place):
    features(tmp_path, Eye())
    [entry] = entries(tmp_path)
    assert verify(entry) == ("sound", [])
    path = entry.folder / f"{array}.npy"
    content = bytearray(path.read_bytes())
    content[place] ^= 0x10
    path.write_bytes(content)
    verdict, [problem] = verify(entry)
    assert verdict == "damaged"
    assert array in problem
    if place == -1:
        assert f"images {ENCODE_BATCH} to {COUNT - 1}" in problem


def test_sizes_are_known_before_anything_is_encoded(tmp_path):
    """COCO's 123,287 images by RN101 at 448 pixels: 14 x 14 tokens of 512 dims."""
    features(tmp_path, Eye())
    [entry] = entries(tmp_path)
    arrays = sum((entry.folder / f"{name}.npy").stat().st_size for name in ("dense", "pooled"))
    assert entry.shape.bytes == arrays
    assert Shape(123_287, 196, 512, 64).bytes == 123_287 * (196 * 512 * 2 + 512 * 4) + 256
