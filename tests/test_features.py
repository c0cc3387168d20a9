"""The feature cache: encoded once, keyed by all that decides the values, and never half-written."""

import dataclasses
import multiprocessing
import shutil
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image

from bench.backbones.base import ImageFeatures
from bench.cells import Component
from bench.data import Split
from bench.errors import DataError
from bench.features import ENCODE_BATCH, FeatureSet, cached_features, feature_key

COUNT, SIDE = ENCODE_BATCH + 7, 4
DATASET, COMPONENT = Component("toy", fingerprint="d"), Component("eye", fingerprint="w")


class Eye:
    """A backbone that sees brightness: fast, and it counts what it encodes."""

    grid, dim, position = (2, 2), 3, torch.zeros(5, 3)

    def __init__(self, scale: float = 1.0, fail_at: int = 10**9):
        self.encoded, self.scale, self.fail_at = 0, scale, fail_at
        self.transform = {"size": SIDE}

    def preprocess(self, image: Image.Image) -> torch.Tensor:
        return torch.from_numpy(np.asarray(image, np.float32) / 255).permute(2, 0, 1)

    def encode_images(self, images: torch.Tensor) -> ImageFeatures:
        if self.encoded + len(images) > self.fail_at:
            raise KeyboardInterrupt
        self.encoded += len(images)
        mean = self.scale * images.mean(dim=(2, 3))
        return ImageFeatures(dense=mean[:, None].expand(-1, 4, -1), pooled=mean / 3)


def split(count: int = COUNT, prefix: str = "train") -> Split:
    ids = tuple(f"{prefix}/{i}" for i in range(count))
    return Split(
        ids, np.ones((count, 1), np.int8), [Image.new("RGB", (SIDE, SIDE), (i, 0, 255 - i)) for i in range(count)]
    )


def features(cache: Path, eye: Eye, images: Split | None = None, part: str = "train") -> FeatureSet:
    heard: list[tuple[int, int]] = []
    images = images or split()
    found = cached_features(
        part, images, DATASET, eye, COMPONENT, cache, progress=lambda done, total: heard.append((done, total))
    )
    if eye.encoded:
        assert heard[-1] == (len(images), len(images))
    return found


def expected(count: int = COUNT) -> np.ndarray:
    level = np.arange(count, dtype=np.float32)
    return np.stack([level, 0 * level, 255 - level], axis=1) / 255


def test_values_shapes_and_types(tmp_path):
    found = features(tmp_path, Eye())
    assert (found.dense.shape, found.dense.dtype) == ((COUNT, 4, 3), np.float16)
    assert (found.pooled.shape, found.pooled.dtype) == ((COUNT, 3), np.float32)
    assert found.pooled == pytest.approx(expected() / 3, abs=1e-6)
    assert found.dense[:, 2] == pytest.approx(expected(), abs=1e-3)
    assert isinstance(found.dense, np.memmap)
    assert not found.dense.flags.writeable


def test_a_hit_encodes_no_image(tmp_path):
    features(tmp_path, Eye())
    second = Eye()
    again = features(tmp_path, second)
    assert second.encoded == 0
    assert again.pooled == pytest.approx(expected() / 3, abs=1e-6)


def test_the_key_changes_with_everything_that_decides_the_values():
    def key(part="train", images=None, dataset=DATASET, component=COMPONENT, transform=None):
        return feature_key(part, images or split(3), dataset, component, transform or {"size": SIDE})

    different = [
        key(),
        key(part="test"),
        key(images=split(4)),
        key(images=split(3, "val")),
        key(dataset=dataclasses.replace(DATASET, fingerprint="other")),
        key(dataset=dataclasses.replace(DATASET, options={"world": 1})),
        key(component=dataclasses.replace(COMPONENT, fingerprint="other weights")),
        key(component=dataclasses.replace(COMPONENT, version=2)),
        key(transform={"size": SIDE + 1}),
    ]
    assert len(set(different)) == len(different)
    backwards = dataclasses.replace(split(3), ids=split(3).ids[::-1])
    assert key(images=backwards) != key()
    assert key() == key()


def test_equal_names_in_train_and_test_are_different_images(tmp_path):
    """0001.jpg in train/ is not 0001.jpg in test/."""
    features(tmp_path, Eye(), split(5), part="train")
    bright = Eye(scale=2.0)
    found = features(tmp_path, bright, split(5), part="test")
    assert bright.encoded == 5
    assert found.pooled == pytest.approx(2 * expected(5) / 3, abs=1e-6)


@pytest.mark.parametrize("done", [0, ENCODE_BATCH])
def test_an_interrupted_encoding_never_counts(tmp_path, done):
    with pytest.raises(KeyboardInterrupt):
        features(tmp_path, Eye(fail_at=done))
    again = Eye()
    assert features(tmp_path, again).pooled == pytest.approx(expected() / 3, abs=1e-6)
    assert again.encoded == COUNT


def test_arrays_without_their_description_never_count(tmp_path):
    """Killed between the last array and the description."""
    features(tmp_path, Eye())
    [about] = tmp_path.rglob("features.json")
    about.unlink()
    (about.parent / "pooled.npy").write_bytes(b"rubbish")
    again = Eye()
    assert features(tmp_path, again).pooled == pytest.approx(expected() / 3, abs=1e-6)
    assert again.encoded == COUNT


@pytest.mark.parametrize("scale", [1e6, float("nan")])
def test_what_half_precision_cannot_hold_is_refused(tmp_path, scale):
    with pytest.raises(DataError, match="overflow half precision"):
        features(tmp_path, Eye(scale=scale))
    assert not list(tmp_path.rglob("features.json"))


@pytest.mark.parametrize("damage", ["truncated", "empty", "missing", "other length", "description"])
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
            (dense.parent / "features.json").write_text("{")
    with pytest.raises(DataError) as caught:
        features(tmp_path, Eye())
    assert "delete it and run again" in str(caught.value)
    assert str(dense.parent) in str(caught.value)
    assert "\n" not in str(caught.value)
    shutil.rmtree(dense.parent)
    features(tmp_path, Eye())


def _encode_and_tell(cache: Path, start, told) -> None:
    eye = Eye()
    start.wait()
    pooled = features(cache, eye).pooled
    told.put((eye.encoded, float(pooled.sum())))


@pytest.mark.skipif("fork" not in multiprocessing.get_all_start_methods(), reason="needs processes that start at once")
def test_two_processes_at_once_encode_once(tmp_path):
    context = multiprocessing.get_context("fork")
    shared = SimpleNamespace(start=context.Barrier(2), told=context.Queue())
    processes = [context.Process(target=_encode_and_tell, args=(tmp_path, shared.start, shared.told)) for _ in range(2)]
    for process in processes:
        process.start()
    answers = [shared.told.get(timeout=60) for _ in processes]
    for process in processes:
        process.join()
    assert sorted(encoded for encoded, _ in answers) == [0, COUNT]
    assert answers[0][1] == answers[1][1] == pytest.approx(float((expected() / 3).sum()), rel=1e-5)
