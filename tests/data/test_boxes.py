"""Boxes are read where they make sense; where a file leaves them out, there are none, and nothing fails."""

import json

import pytest
from helpers.copies import coco, voc

from bench.data.base import Box

SIZE = {"width": 32, "height": 24}


def boxes_of_coco(tmp_path, box, size=SIZE):
    copy = coco(tmp_path)
    path = copy.root / "annotations" / "instances_train2014.json"
    content = json.loads(path.read_text())
    for image in content["images"]:
        image.update(size)
    for annotation in content["annotations"]:
        annotation["bbox"] = [8, 6, 8, 6]
    content["annotations"][0]["bbox"] = box
    path.write_text(json.dumps(content))
    return copy.open(tmp_path / "cache").boxes("train")


def test_coco_boxes_are_shares_of_the_image(tmp_path):
    first, second, third = boxes_of_coco(tmp_path, [16, 12, 8, 6])
    assert first == [Box(0, 0.5, 0.5, 0.75, 0.75), Box(2, 0.25, 0.25, 0.5, 0.5)]
    assert second == []
    assert third == [Box(1, 0.25, 0.25, 0.5, 0.5)]


@pytest.mark.parametrize("flat", [[16, 12, 0, 6], [16, 12, 8, 0]])
def test_a_box_without_area_is_none(flat, tmp_path):
    first, *_ = boxes_of_coco(tmp_path, flat)
    assert first == [Box(2, 0.25, 0.25, 0.5, 0.5)]


@pytest.mark.parametrize("box", [[], None, [1, 2, 3], ["1", 2, 3, 4], [1, 2, 3, float("nan")], 7])
def test_a_coco_file_without_a_box_has_none(box, tmp_path):
    assert boxes_of_coco(tmp_path, box) is None


@pytest.mark.parametrize("size", [{}, {"width": 0, "height": 24}, {"width": None, "height": 24}])
def test_a_coco_image_without_a_size_has_no_boxes(size, tmp_path):
    assert boxes_of_coco(tmp_path, [1, 2, 3, 4], size) is None


def boxes_of_voc(tmp_path, size: str, box: str):
    copy = voc(tmp_path, xml=True)
    for path in copy.root.rglob("*.xml"):
        text = path.read_text().replace("<annotation>", f"<annotation>{size}")
        path.write_text(text.replace("</object>", f"{box}</object>"))
    return copy.open(tmp_path / "cache").boxes("train")


REAL = "<size><width>32</width><height>24</height></size>"
BOX = "<bndbox><xmin>9</xmin><ymin>7</ymin><xmax>16</xmax><ymax>12</ymax></bndbox>"


def test_voc_boxes_are_shares_of_the_image(tmp_path):
    first, second = boxes_of_voc(tmp_path, REAL, BOX)
    assert first == [Box(0, 0.25, 0.25, 0.5, 0.5), Box(14, 0.25, 0.25, 0.5, 0.5)]
    assert second == [Box(19, 0.25, 0.25, 0.5, 0.5)]


ZERO = REAL.replace("32", "0")


@pytest.mark.parametrize(("size", "box"), [("", BOX), (ZERO, BOX), (REAL, ""), (REAL, BOX.replace("9", "x"))])
def test_a_voc_annotation_without_size_or_box_has_none(size, box, tmp_path):
    assert boxes_of_voc(tmp_path, size, box) is None
