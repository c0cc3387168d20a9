"""The key of features: it changes with all that decides their values and with nothing else."""

import dataclasses

import numpy as np
import pytest
from helpers.eye import COMPONENT, COUNT, DATASET, SIDE, Eye, expected, features, files, split
from PIL import Image

from bench.data import Split
from bench.data.images import ImageFiles
from bench.features import feature_key


def test_the_key_changes_with_everything_that_decides_the_values():
    def key(part="train", images=None, dataset=DATASET, component=COMPONENT, transform=None, **more):
        return feature_key(part, images or split(3), dataset, component, transform or {"size": SIDE}, **more)

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
        key(variant={"view": 0}),
        key(variant={"view": 1}),
        key(precision="float16"),
    ]
    assert len(set(different)) == len(different)
    backwards = dataclasses.replace(split(3), ids=split(3).ids[::-1])
    assert key(images=backwards) != key()
    assert key() == key()


def test_equal_names_in_train_and_test_are_different_images(tmp_path):
    """0001.jpg in train/ is not 0001.jpg in test/."""
    features(tmp_path, Eye(), split(5), part="train")
    bright = Eye(scale=2.0)
    cached = features(tmp_path, bright, split(5), part="test")
    assert bright.encoded == 5
    assert cached.pooled == pytest.approx(2 * expected(5) / 3, abs=1e-6)


def test_two_folders_with_equal_names_but_other_images_do_not_share_features(tmp_path):
    features(tmp_path, Eye(), files(tmp_path / "a", [10, 20, 30]))
    copy, other = Eye(), Eye()
    features(tmp_path, copy, files(tmp_path / "a copy elsewhere", [10, 20, 30]))
    cached = features(tmp_path, other, files(tmp_path / "b", [10, 20, 31]))
    assert (copy.encoded, other.encoded) == (0, 3)
    assert cached.pooled[2] == pytest.approx(31 / 255 / 3, abs=1e-6)


def test_files_keep_their_features_under_other_labels_and_class_names(tmp_path):
    images = files(tmp_path / "a", [10, 20])
    renamed = dataclasses.replace(DATASET, options={"names": "clean"}, fingerprint="other names")
    one, other = (feature_key("train", images, dataset, COMPONENT, {"size": SIDE}) for dataset in (DATASET, renamed))
    assert one == other


def test_any_byte_of_any_file_is_in_the_key(tmp_path):
    def key() -> str:
        images = Split(tuple(map(str, paths)), np.ones((len(paths), 1), np.int8), ImageFiles(paths))
        return feature_key("train", images, DATASET, COMPONENT, {"size": SIDE})

    paths = [tmp_path / f"{i:03d}" for i in range(100)]
    for path in paths:
        path.write_bytes(b"12345")
    present = {key(), key()}
    assert len(present) == 1
    for path in paths:
        path.write_bytes(b"12346")
        present.add(key())
    paths[7].unlink()
    present.add(key())
    assert len(present) == 1 + len(paths) + 1


def test_prepared_images_are_encoded_in_order_under_their_own_key(tmp_path):
    def darker(image: Image.Image, index: int) -> Image.Image:
        return image.point(lambda level: level * (index % 2))

    plain = features(tmp_path, Eye())
    eye, again = Eye(), Eye()
    view = features(tmp_path, eye, variant={"view": 0}, prepare=darker)
    assert view.pooled == pytest.approx(plain.pooled * (np.arange(COUNT) % 2)[:, None], abs=1e-6)
    features(tmp_path, again, variant={"view": 0}, prepare=darker)
    assert (eye.encoded, again.encoded) == (COUNT, 0)
    with pytest.raises(ValueError, match="needs a variant"):
        features(tmp_path, Eye(), prepare=darker)


def test_precision_has_its_own_features(tmp_path):
    features(tmp_path, Eye())
    other = Eye()
    features(tmp_path, other, precision="bfloat16")
    assert other.encoded == COUNT
