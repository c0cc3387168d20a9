"""The pointing game against a count by hand, and boxes of the datasets that know them."""

import dataclasses
import json

import numpy as np
import pytest
from PIL import Image

from bench.attention.pointing import covers, pointing
from bench.data import DATASETS
from bench.data.base import Box
from bench.data.coco import Coco, CocoOptions, read_coco_boxes
from bench.data.scenes import Scenes, ScenesOptions
from bench.data.scenes.draw import render
from bench.data.scenes.seeds import generator
from bench.data.scenes.source import Benchmark
from bench.data.scenes.worlds import benchmark_world
from bench.data.voc import VOC_CLASSES
from bench.data.voc import read_voc_boxes as read_voc_boxes
from bench.errors import DataError

LEFT, MIDDLE = Box(0, 0.0, 0.0, 0.5, 1.0), Box(1, 0.25, 0.25, 0.75, 0.75)


def test_positions_in_a_box_are_those_whose_centre_is():
    assert covers([LEFT], (2, 4)).tolist() == [True, True, False, False] * 2
    assert covers([MIDDLE], (4, 4)).reshape(4, 4).tolist() == [
        [False] * 4,
        [False, True, True, False],
        [False, True, True, False],
        [False] * 4,
    ]
    assert covers([Box(0, 0.3, 0.3, 0.32, 0.32)], (4, 4)).sum() == 0, "too small to have a centre inside"


def test_hits_chance_and_centre_by_hand():
    boxes = [[LEFT], [LEFT, MIDDLE], [Box(0, 0.5, 0.0, 1.0, 1.0)]]
    peaks = np.array([[4, 0, 9], [7, 5, 9], [3, 0, 9]])  # on a 4 x 4 grid
    game = pointing(peaks, boxes, (4, 4))
    assert game.pairs.tolist() == [3, 1, 0]
    np.testing.assert_allclose(game.hits[:2], [2 / 3, 1.0])
    np.testing.assert_allclose(game.chance[:2], [0.5, 0.25])
    np.testing.assert_allclose(game.centre[:2], [1 / 3, 1.0])
    assert np.isnan(game.hits[2])
    np.testing.assert_allclose(game.mean, [5 / 6, 0.375, 2 / 3])


def test_a_blind_pointer_gets_chance():
    rng = np.random.default_rng(0)
    boxes = [[Box(0, *sorted(rng.random(2)), 1.0, 1.0)] for _ in range(4000)]
    game = pointing(rng.integers(64, size=(4000, 1)), boxes, (8, 8))
    assert game.hits[0] == pytest.approx(game.chance[0], abs=0.03)


def test_boxes_of_scenes_hold_what_the_labels_say_and_what_is_drawn(cache):
    scenes = Scenes(ScenesOptions(n_train=5, n_test=40), None, cache)
    boxes = scenes.boxes("test")
    for row, result in zip(scenes.test.labels, boxes, strict=True):
        assert {box.category for box in result} == set(np.flatnonzero(row == 1))
        assert all(0 <= b.left < b.right <= 1 and 0 <= b.top < b.bottom <= 1 for b in result)
    assert [len(result) for result in scenes.boxes("train")] != [len(result) for result in boxes[:5]]


def test_boxes_of_scenes_lie_on_the_drawing(cache, monkeypatch):
    """A scene drawn without its one object differs from the scene in that object's box, but for a soft shadow."""
    world = dataclasses.replace(benchmark_world(0), distractors=0, clutter=0)
    monkeypatch.setattr("bench.data.scenes.draw.develop", lambda pixels, *rest: pixels)  # weather and noise
    source, scenes = Benchmark(0, "test"), Scenes(ScenesOptions(n_train=5, n_test=60), None, cache)
    inside = []
    for i in range(60):
        scene = source.scene(i)
        if len(scene.objects) != 1:
            continue
        empty = dataclasses.replace(scene, objects=())
        drawn, bare = (render(s, world, generator("t", i)).astype(int) for s in (scene, empty))
        changed = np.abs(drawn - bare).sum(axis=2)
        (box,) = scenes.boxes("test")[i]
        y, x = (np.arange(64) + 0.5) / 64, (np.arange(64) + 0.5) / 64
        mask = ((box.top <= y) & (y < box.bottom))[:, None] & ((box.left <= x) & (x < box.right))
        inside.append(changed[mask].sum() / changed.sum())
    assert len(inside) >= 5
    assert np.mean(inside) > 0.9


def coco_file(tmp_path, annotations):
    data = {
        "images": [
            {"id": 7, "file_name": "a.jpg", "width": 200, "height": 100},
            {"id": 3, "file_name": "b.jpg", "width": 10, "height": 10},
        ],
        "categories": [{"id": 90, "name": "toothbrush"}, {"id": 1, "name": "person"}],
        "annotations": annotations,
    }
    path = tmp_path / "instances.json"
    path.write_text(json.dumps(data))
    return path


def test_boxes_of_coco_are_shares_of_the_image(tmp_path):
    boxes = read_coco_boxes(coco_file(tmp_path, [{"image_id": 7, "category_id": 90, "bbox": [50, 25, 100, 50]}]))
    assert boxes == {"a.jpg": [Box(1, 0.25, 0.25, 0.75, 0.75)], "b.jpg": []}
    assert read_coco_boxes(coco_file(tmp_path, [{"image_id": 7, "category_id": 90}])) is None


def test_boxes_follow_the_images_that_are_left(tmp_path):
    root = tmp_path / "coco"
    (root / "annotations").mkdir(parents=True)
    for part in ("train", "val"):
        (root / f"{part}2014").mkdir()
        path = coco_file(tmp_path, [{"image_id": 3, "category_id": 1, "bbox": [0, 0, 5, 10]}])
        (root / "annotations" / f"instances_{part}2014.json").write_text(path.read_text())
        for name in ("a.jpg", "b.jpg"):
            Image.new("RGB", (10, 10)).save(root / f"{part}2014" / name)
    coco = Coco(CocoOptions(images="annotated"), root, tmp_path / "cache")
    assert coco.train.ids == ("b.jpg",)
    assert coco.boxes("train") == [[Box(0, 0.0, 0.0, 0.5, 1.0)]]


def test_boxes_of_voc_count_pixels_from_one(tmp_path):
    edges = "<bndbox><xmin>1</xmin><ymin>26</ymin><xmax>50</xmax><ymax>50</ymax></bndbox>"
    thing = f"<object><name>{{}}</name><difficult>{{}}</difficult>{edges}</object>"
    path = tmp_path / "000001.xml"
    text = "<annotation><size><width>100</width><height>50</height></size>{}</annotation>"
    path.write_text(text.format(thing.format("dog", 0) + thing.format("cat", 1)))
    dog, cat = VOC_CLASSES.index("dog"), VOC_CLASSES.index("cat")
    assert read_voc_boxes(path, difficult=False) == [Box(dog, 0.0, 0.5, 0.5, 1.0)]
    assert [box.category for box in read_voc_boxes(path, difficult=True)] == [dog, cat]
    path.write_text(text.format("<object><name>dog</name></object>"))
    assert read_voc_boxes(path, difficult=False) is None, "it leaves the box out"
    path.write_text(text.format(thing.format("unicorn", 0)))
    with pytest.raises(DataError, match="'unicorn' is none of its 20 classes"):
        read_voc_boxes(path, difficult=False)


def test_a_dataset_without_boxes_says_so():
    assert DATASETS.get("listfile").boxes(None, "test") is None
