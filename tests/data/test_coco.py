"""COCO 2014 in its official layout: a fabricated miniature for every rule, and real photos where there are any."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bench.data import DATASETS
from bench.data.coco import Coco, CocoOptions, read_instances
from bench.errors import DataError

REAL = Path(__file__).resolve().parents[2] / ".." / "shared" / "data" / "coco256"
CATEGORIES = [{"id": 90, "name": "toothbrush"}, {"id": 1, "name": "person"}, {"id": 13, "name": "stop sign"}]
SHOWN = {"train": {7: [13], 3: [90, 1], 5: []}, "val": {11: [1], 12: []}}
"""Image ids in the file's order, and what they show; image 5 and 12 show nothing."""


def content(part: str) -> dict:
    shown = SHOWN[part]
    return {
        "images": [{"id": i, "file_name": f"COCO_{part}2014_{i:012d}.jpg"} for i in shown],
        "categories": [dict(category) for category in CATEGORIES],
        "annotations": [
            {"image_id": i, "category_id": c, "iscrowd": int(c == 13), "area": 0.5}
            for i, cs in shown.items()
            for c in cs
        ],
    }


def write(root: Path, part: str, data: object) -> None:
    (root / "annotations" / f"instances_{part}2014.json").write_text(
        data if isinstance(data, str) else json.dumps(data)
    )


@pytest.fixture
def root(tmp_path) -> Path:
    root = tmp_path / "coco"
    (root / "annotations").mkdir(parents=True)
    for part, shown in SHOWN.items():
        write(root, part, content(part))
        (root / f"{part}2014").mkdir()
        for i in shown:
            Image.new("RGB", (20, 10), (i, 0, 0)).save(root / f"{part}2014" / f"COCO_{part}2014_{i:012d}.jpg")
    return root


@pytest.fixture
def opened(root, tmp_path) -> Callable[..., Coco]:
    def open_it(**options: str) -> Coco:
        return Coco(CocoOptions(**options), root, tmp_path / "cache")

    return open_it


def test_classes_stand_by_ascending_category_id(opened):
    assert opened().class_names == ("person", "stop sign", "toothbrush")


def test_labels_count_crowds_and_small_boxes_and_say_minus_one_elsewhere(opened):
    coco = opened()
    assert coco.train.ids == tuple(image["file_name"] for image in content("train")["images"])
    assert coco.train.labels.tolist() == [[-1, 1, -1], [1, -1, 1], [-1, -1, -1]]
    assert coco.test.labels.tolist() == [[1, -1, -1], [-1, -1, -1]]
    assert coco.train.labels.dtype == np.int8


def test_annotated_leaves_out_images_without_a_label(opened):
    every, annotated = opened(), opened(images="annotated")
    assert (len(every.train), len(every.test)) == (3, 2)
    assert annotated.train.ids == every.train.ids[:2]
    assert annotated.test.ids == every.test.ids[:1]
    assert np.array_equal(annotated.train.labels, every.train.labels[:2])
    assert annotated.train.images[0].size == (20, 10)
    assert annotated.fingerprint != every.fingerprint


def test_images_open_as_rgb_in_the_order_of_the_labels(opened, root):
    Image.new("L", (5, 5)).save(root / "train2014" / "COCO_train2014_000000000007.jpg")
    images = opened().train.images
    assert [image.mode for image in images] == ["RGB"] * 3
    assert images[0].size == (5, 5)
    assert abs(images[1].getpixel((0, 0))[0] - 3) <= 2


def test_the_parsed_labels_are_kept_until_the_file_changes(opened, root, monkeypatch):
    before = opened().train.labels
    with monkeypatch.context() as unread:
        unread.setattr("bench.data.coco.read_instances", lambda source: pytest.fail("parsed again"))
        assert np.array_equal(opened().train.labels, before)
    changed = content("train")
    changed["annotations"].append({"image_id": 5, "category_id": 1})
    write(root, "train", changed)
    assert opened().train.labels[2].tolist() == [1, -1, -1]


def test_the_fingerprint_changes_when_a_label_an_image_or_a_name_does(opened, root):
    fingerprints = [opened().fingerprint, opened().fingerprint]
    assert fingerprints[0] == fingerprints[1]
    for part in ("train", "val"):
        for place, change in (
            ("annotations", lambda data: data["annotations"].pop()),
            ("images", lambda data: data["images"][0].update(file_name="other.jpg")),
        ):
            data = content(part)
            change(data)
            write(root, part, data)
            fingerprints.append(opened().fingerprint)
            assert fingerprints[-1] not in fingerprints[:-1], f"{part} {place}"
        write(root, part, content(part))
    assert opened().fingerprint == fingerprints[0]


def broken(change: Callable[[dict], object]) -> str:
    data = content("train")
    change(data)
    return json.dumps(data)


WRONG = {
    "not JSON": ("{", "is no COCO instances file"),
    "not text": ("\x00", "is no COCO instances file"),
    "a list": ("[]", "is no COCO instances file"),
    "no images": ('{"annotations": [], "categories": []}', "is no COCO instances file"),
    "an image without a name": (broken(lambda d: d["images"][0].pop("file_name")), "is no COCO instances file"),
    "a category without a name": (broken(lambda d: d["categories"][0].pop("name")), "is no COCO instances file"),
    "an unknown image": (broken(lambda d: d["annotations"][0].update(image_id=99)), "is no COCO instances file"),
    "an unknown category": (broken(lambda d: d["annotations"][0].update(category_id=2)), "is no COCO instances file"),
    "an image twice": (broken(lambda d: d["images"].insert(0, d["images"][0])), "lists an image twice"),
    "a category twice": (broken(lambda d: d["categories"].append(d["categories"][0])), "lists a category twice"),
    "a name twice": (broken(lambda d: d["images"][0].update(d["images"][1], id=7)), "is listed twice"),
}


@pytest.mark.parametrize(("text", "words"), WRONG.values(), ids=WRONG)
def test_a_wrong_annotation_file_gives_one_sentence(text, words, opened, root):
    write(root, "train", text)
    with pytest.raises(DataError) as caught:
        _ = opened().train
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_annotation_file_says_what_root_must_be(opened, root):
    (root / "annotations" / "instances_val2014.json").unlink()
    with pytest.raises(DataError, match=r"instances_val2014.json is missing; --root must be the folder"):
        _ = opened().test


def test_train_and_val_of_different_categories_are_refused(opened, root):
    data = content("val")
    data["categories"] = [{**c, "name": c["name"] + "!"} for c in CATEGORIES]
    write(root, "val", data)
    with pytest.raises(DataError, match="list different categories"):
        _ = opened().test


def test_a_missing_or_corrupt_image_is_named(opened, root):
    names = opened().train.ids
    (root / "train2014" / names[0]).unlink()
    path = root / "train2014" / names[1]
    path.write_bytes(path.read_bytes()[:-150])
    (root / "train2014" / names[2]).write_bytes(b"this is no JPEG")
    images = opened().train.images
    for index, words in enumerate(("is missing; complete the folder", "cannot be read", "cannot be read")):
        with pytest.raises(DataError, match=f"{names[index]} {words}"):
            _ = images[index]


def test_the_folder_is_asked_for_before_anything_is_read():
    assert DATASETS.get("coco") is Coco
    assert Coco.needs_root


@pytest.mark.skipif(
    not REAL.is_dir(), reason="the 256 real photos are not beside this checkout (../shared/data/coco256)"
)
def test_real_photos_with_their_real_labels(tmp_path):
    coco = Coco(CocoOptions(), REAL, tmp_path)
    assert (len(coco.train), len(coco.test), len(coco.class_names)) == (128, 128, 80)
    assert coco.class_names[:2] + coco.class_names[-1:] == ("person", "bicycle", "toothbrush")
    assert int((~(coco.train.labels == 1).any(axis=1)).sum()) == 2
    assert len(Coco(CocoOptions(images="annotated"), REAL, tmp_path).train) == 126
    assert 2 < (coco.train.labels == 1).sum(axis=1).mean() < 4
    assert all(coco.train.images[i].mode == "RGB" for i in (0, 64, 127))
    real = read_instances(REAL / "annotations" / "instances_train2014.json")
    annotations = json.loads((REAL / "annotations" / "instances_train2014.json").read_text())["annotations"]
    assert (real.labels == 1).sum() == len({(a["image_id"], a["category_id"]) for a in annotations})
    assert real.ids == coco.train.ids
