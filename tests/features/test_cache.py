"""The feature cache: encoded once, read by all, refused where it cannot be written."""

import numpy as np
import pytest
from helpers.eye import COUNT, Eye, expected, features, split

from bench.errors import DataError, UsageError
from bench.features import (
    entries,
    remove,
    verify,
)


def test_values_shapes_and_types(tmp_path):
    cached = features(tmp_path, Eye())
    assert (cached.dense.shape, cached.dense.dtype) == ((COUNT, 4, 3), np.float16)
    assert (cached.pooled.shape, cached.pooled.dtype) == ((COUNT, 3), np.float32)
    assert cached.pooled == pytest.approx(expected() / 3, abs=1e-6)  # also of the last, shorter chunk
    assert cached.dense[:, 2] == pytest.approx(expected(), abs=1e-3)
    assert isinstance(cached.dense, np.memmap)
    assert not cached.dense.flags.writeable


def test_a_hit_encodes_no_image(tmp_path):
    features(tmp_path, Eye())
    second = Eye()
    again = features(tmp_path, second)
    assert second.encoded == 0
    assert again.pooled == pytest.approx(expected() / 3, abs=1e-6)


def test_a_cache_that_may_only_be_read_is_read(tmp_path, monkeypatch):
    features(tmp_path, Eye())

    def refused(path, flags, mode=0o777):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("bench.features.locks.os.open", refused)
    eye = Eye()
    assert features(tmp_path, eye).pooled == pytest.approx(expected() / 3, abs=1e-6)
    assert eye.encoded == 0
    with pytest.raises(DataError, match=r"cannot be written \(Permission denied\)"):
        features(tmp_path, Eye(), part="test")


def test_a_cache_that_is_no_folder_gives_one_sentence(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(DataError, match=r"file cannot be written .* --cache"):
        features(tmp_path / "file", Eye())


def test_features_in_use_are_not_removed(tmp_path):
    cached = features(tmp_path, Eye())
    [entry] = entries(tmp_path)
    with pytest.raises(UsageError, match="in use"):
        remove(entry)
    assert verify(entry) == ("sound", [])
    del cached
    remove(entry)
    assert not entries(tmp_path)


def test_an_empty_split_is_refused(tmp_path):
    with pytest.raises(DataError, match="holds no image"):
        features(tmp_path, Eye(), split(0))
