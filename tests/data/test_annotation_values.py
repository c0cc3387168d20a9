"""Values of a wrong type in annotation files are named with file, entry and value, before anything is kept."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from helpers.copies import COPIES, copied, voc

from bench.errors import DataError


def change(writer: str, file: str, how: Callable[[dict], object], folder: Path):
    copy = copied(writer, folder)
    path = copy.root / file
    content = json.loads(path.read_text())
    how(content)
    path.write_text(json.dumps(content))
    return copy


COCO, MM = ("coco", "annotations/instances_train2014.json"), ("mmpretrain_json", "train.json")
WRONG: dict[str, tuple[tuple[str, str], Callable[[dict], object], str]] = {
    "a class named null": (COCO, lambda d: d["categories"][1].update(name=None), r"categories\[1\].name is None, not"),
    "a class named 7": (COCO, lambda d: d["categories"][0].update(name=7), r"categories\[0\].name is 7, not text"),
    "a class without a name": (COCO, lambda d: d["categories"][0].update(name=" "), "the name of class 3 is ' '"),
    "a file named 7": (COCO, lambda d: d["images"][2].update(file_name=7), r"images\[2\].file_name is 7, not text"),
    "an unknown image": (
        COCO,
        lambda d: d["annotations"][1].update(image_id=99),
        r"annotations\[1\] has the image_id 99, which the file does not list",
    ),
    "an unknown class": (
        COCO,
        lambda d: d["annotations"][0].update(category_id=1.5),
        r"annotations\[0\].category_id is 1.5, not a whole number",
    ),
    "an annotation that is none": (COCO, lambda d: d["annotations"].append(3), r"annotations\[3\] is 3, not an object"),
    "classes as an object": (
        MM,
        lambda d: d["metainfo"].update(classes={"0": "cat", "1": "dog", "2": "cow"}),
        "metainfo.classes is {'0': 'cat', .*, not a list",
    ),
    "classes as text": (MM, lambda d: d["metainfo"].update(classes="cat"), "metainfo.classes is 'cat', not a list"),
    "a class that is a number": (MM, lambda d: d["metainfo"].update(classes=["a", 1, "c"]), "the name of class 2 is 1"),
    "an image without a name": (MM, lambda d: d["data_list"][0].update(img_path=""), "the name of image 1 is ''"),
    "an image that leads away": (MM, lambda d: d["data_list"][0].update(img_path="C:\\a.jpg"), "lists 'C:/a.jpg'; "),
    "no data_list": (MM, lambda d: d.pop("data_list"), "it has no 'data_list'"),
}


@pytest.mark.parametrize(("where", "how", "words"), WRONG.values(), ids=WRONG)
def test_a_wrong_value_gives_the_same_sentence_every_time(where, how, words, tmp_path):
    copy = change(*where, how, tmp_path)
    for _ in range(2):  # what was read is kept in the cache
        with pytest.raises(DataError, match=words) as caught:
            _ = copy.open(tmp_path / "cache").train
        assert where[1] in str(caught.value)
        assert "\n" not in str(caught.value)
        assert "Error" not in str(caught.value)


@pytest.mark.parametrize("writer", COPIES)
def test_every_text_file_may_begin_with_a_byte_order_mark(writer, tmp_path):
    copy = copied(writer, tmp_path)
    dataset = copy.open(tmp_path / "cache")
    expected = dataset.fingerprint
    for source in {*dataset.sources("train"), *dataset.sources("test")}:
        source.write_bytes(b"\xef\xbb\xbf" + source.read_bytes())
    assert copy.open(tmp_path / "cache").fingerprint == expected


def test_a_path_is_read_alike_by_every_reader(tmp_path):
    """What one list calls `train\\1.jpg`, another `./train/1.jpg`, is one image."""
    copy = copied("mmpretrain_json", tmp_path)
    expected = copy.open(tmp_path / "cache").fingerprint
    for name in ("train\\\\1.jpg", "./train//1.jpg"):
        text = (copy.root / "train.json").read_text().replace("train/1.jpg", name)
        (copy.root / "train.json").write_text(text)
        assert copy.open(tmp_path / "cache").fingerprint == expected
        (copy.root / "train.json").write_text(text.replace(name, "train/1.jpg"))


def test_an_object_of_no_class_of_voc_is_named(tmp_path):
    copy = voc(tmp_path, xml=True)
    path = next(copy.root.rglob("000007.xml"))
    path.write_text(path.read_text().replace("tvmonitor", "television"))
    with pytest.raises(DataError, match=r"000007.xml is no VOC annotation: the object 'television' is none of its 20"):
        _ = copy.open(tmp_path / "cache").train


def test_json_that_is_nested_without_end_is_refused(tmp_path):
    copy = copied("coco", tmp_path)
    (copy.root / "annotations" / "instances_train2014.json").write_text("[" * 200_000)
    with pytest.raises(DataError, match="cannot be read as JSON"):
        _ = copy.open(tmp_path / "cache").train
