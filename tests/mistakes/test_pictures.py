"""Thumbnails and boxes: read where they can be, named where they cannot, never of other data than the cell's."""

import io
import json

import numpy as np
import pytest
from helpers.copies import coco, mirflickr25k
from PIL import Image

from bench.data.base import Box
from bench.mistakes.pictures import Pictures, read_pictures
from bench.mistakes.thumbnails import thumbnail
from bench.records.component import Component
from bench.records.reader import Targets
from bench.settings.conversion import keyed_values


def component_and_targets(copy, cache, **changes):
    dataset = copy.open(cache)
    component = Component(copy.name, options=keyed_values(dataset.options))
    targets = {"ids": dataset.test.ids, "labels": dataset.test.measured, "class_names": dataset.class_names, **changes}
    return component, Targets(**targets)


def read(copy, cache, rows=(0, 1), **changes) -> Pictures:
    return read_pictures(*component_and_targets(copy, cache, **changes), rows, copy.root, cache)


def test_a_thumbnail_is_small_and_keeps_its_shape():
    small = thumbnail(Image.new("RGB", (1000, 500), "red"), 224)
    assert (small.width, small.height) == (224, 112)
    with Image.open(io.BytesIO(small.content)) as image:
        assert (image.format, image.size) == ("JPEG", (224, 112))
    assert small.uri.startswith("data:image/jpeg;base64,")
    tiny = thumbnail(Image.new("L", (40, 64)), 224)
    assert (tiny.width, tiny.height) == (40, 64), "never enlarged"


def test_only_what_is_shown_is_read_and_a_damaged_image_costs_itself_alone(tmp_path):
    copy, cache = mirflickr25k(tmp_path), tmp_path / "cache"
    component, targets = component_and_targets(copy, cache)
    (copy.root / "mirflickr" / "im10.jpg").write_bytes(b"no image")
    copy.open(cache).unreadable_images("test")  # as `bench prepare` finds it
    pictures = read_pictures(component, targets, [0, 1], copy.root, cache)
    assert list(pictures.thumbnails) == [0]
    assert list(pictures.unreadable) == ["im10.jpg"]
    assert "im10.jpg cannot be read (it is no image)" in pictures.unreadable["im10.jpg"]
    assert pictures.problems == ()


@pytest.mark.parametrize("change", ["ids", "labels", "class_names"])
def test_no_image_is_opened_for_a_cell_of_other_data(tmp_path, change):
    copy = mirflickr25k(tmp_path / "root")
    Image.new("RGB", (9, 9)).save(tmp_path / "secret.jpg")
    dataset = copy.open(tmp_path / "cache")
    changes = {
        "ids": {"ids": ("im4.jpg", "../../secret.jpg", "im105.jpg"), "labels": np.zeros_like(dataset.test.labels)},
        "labels": {"labels": -dataset.test.labels},
        "class_names": {"class_names": dataset.class_names[::-1]},
    }
    pictures = read(copy, tmp_path / "cache", **changes[change])
    assert not pictures.thumbnails
    assert len(pictures.problems) == 1
    assert "list other images, classes or labels than those of the cell" in pictures.problems[0]


def test_labels_that_are_stored_as_not_judged_are_no_difference(tmp_path):
    copy = mirflickr25k(tmp_path)
    labels = np.array(copy.open(tmp_path / "cache").test.labels)
    labels[:, 0] = labels[1] = 0
    assert sorted(read(copy, tmp_path / "cache", labels=labels).thumbnails) == [0, 1]


def test_without_the_files_it_is_said_what_is_missing(tmp_path, monkeypatch):
    copy = mirflickr25k(tmp_path)
    component, targets = component_and_targets(copy, tmp_path / "cache")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.delenv("BENCH_ROOT_MIRFLICKR25K", raising=False)
    pictures = read_pictures(component, targets, [0], None, tmp_path / "cache")
    assert "there are no thumbnails: dataset 'mirflickr25k' is read from your disk" in pictures.problems[0]
    pictures = read_pictures(component, targets, [0], tmp_path / "nowhere", tmp_path / "cache")
    assert "nowhere is missing" in pictures.problems[0]


def test_boxes_of_the_shown_images(tmp_path):
    copy = coco(tmp_path)
    path = copy.root / "annotations" / "instances_val2014.json"
    content = json.loads(path.read_text())
    for image in content["images"]:
        image.update(width=32, height=24)
    for annotation in content["annotations"]:
        annotation["bbox"] = [8, 6, 8, 6]
    path.write_text(json.dumps(content))
    pictures = read(copy, tmp_path / "cache", [1])
    assert list(pictures.thumbnails) == [1]
    assert {box.category for box in pictures.boxes[1]} == {0, 1}
    assert pictures.boxes[1][0] == Box(0, 0.25, 0.25, 0.5, 0.5)
