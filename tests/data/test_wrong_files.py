"""Wrong files of a dataset: each is refused in one sentence that names it."""

from pathlib import Path

import pytest
from helpers.copies import COPIES, voc
from helpers.copy_files import lines

from bench.data import DATASETS
from bench.errors import DataError


def test_each_missing_source_gives_one_sentence_that_names_it(copy, tmp_path):
    for part in ("train", "test"):
        for number in (0, -1):
            source = copy.open(tmp_path / "cache").sources(part)[number]
            aside = source.rename(source.with_name("aside"))
            with pytest.raises(DataError) as caught:
                _ = getattr(copy.open(tmp_path / "cache"), part)
            assert "is missing" in str(caught.value)
            assert source.suffix in str(caught.value)
            assert "\n" not in str(caught.value)
            aside.rename(source)


def test_a_root_that_is_not_there_is_named(copy, tmp_path):
    entry = DATASETS.get(copy.name)
    with pytest.raises(DataError, match="nowhere is missing; --root must be the folder that holds"):
        entry(entry.Options(), tmp_path / "nowhere", tmp_path / "cache")


def test_an_image_in_both_parts_is_refused(copy, tmp_path):
    dataset = copy.open(tmp_path / "cache")
    if dataset.image_folder("train") != dataset.image_folder("test"):
        pytest.skip("the parts of this dataset lie in folders of their own")
    train = dataset.listing("train")
    dataset._listings["test"] = train
    with pytest.raises(DataError, match=r"in the train list of .* is in its test list too"):
        _ = dataset.test


def rewrite(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


LABELS = "CUB_200_2011/attributes/image_attribute_labels.txt"
CATS = "VOCdevkit/VOC2007/ImageSets/Main/cat_trainval.txt"
WRONG = {
    "a class index too large": (
        "listfile",
        "train.txt",
        "a/1.jpg,0 2",
        "a/1.jpg,0 3",
        "line 1: class index 3 is",
    ),
    "a negative class index": ("listfile", "train.txt", "a/1.jpg,0 2", "a/1.jpg,-1", "class index -1 is out of range"),
    "words for indices": ("listfile", "train.txt", "a/1.jpg,0 2", "a/1.jpg,cat", "'cat' are no class indices"),
    "no comma": ("listfile", "train.txt", "a/1.jpg,0 2", "a/1.jpg", "has no comma"),
    "a class too few": ("listfile", "classes.txt", "hot_dog\n", "", "class index 2 is out of range; 2 classes"),
    "a class without a name": ("listfile", "classes.txt", "dog", "", "one class name a line and no blank line"),
    "two classes of one name": (
        "listfile",
        "classes.txt",
        "hot_dog",
        "dog",
        "two classes of listfile are called",
    ),
    "an image twice": ("listfile", "train.txt", "a/2.jpg", "a/1.jpg", "the image 'a/1.jpg' is listed twice in"),
    "a path that leads away": ("listfile", "train.txt", "a/2.jpg", "../2.jpg", "must lie inside the image folder"),
    "an absolute path": ("listfile", "train.txt", "a/2.jpg", "/2.jpg", "must lie inside the image folder"),
    "an image of the training list": (
        "listfile",
        "test.txt",
        "a/9.jpg",
        "a/1.jpg",
        "'a/1.jpg' in the train list of listfile is in its test list too",
    ),
    "an index too large (VG)": ("vg", "vg_category_200_labels_index.json", "199", "200", "index 200 is out of range"),
    "an index that is none (VG)": ("vg", "vg_category_200_labels_index.json", "199", "true", "index True is out of"),
    "no list (VG)": ("vg", "vg_category_200_labels_index.json", "[0, 199]", "7", "2.jpg is 7, not a list"),
    "an image without an entry": ("vg", "train_list_500.txt", "10.jpg", "11.jpg", "it has no '11.jpg'"),
    "other names (VG)": (
        "vg",
        "vg_category_200_names.txt",
        "thing_0\n",
        "",
        "names 199 classes, but",
    ),
    "no JSON (VG)": (
        "vg",
        "vg_category_200_labels_index.json",
        "{",
        "",
        "is no JSON object of index lists",
    ),
    "a list (VG)": (
        "vg",
        "vg_category_200_labels_index.json",
        "{",
        "[",
        "is no JSON object of index lists",
    ),
    "an index too large (JSON)": ("mmpretrain_json", "train.json", "[0, 2]", "[3]", "class index 3 is out of range"),
    "an index for a list": (
        "mmpretrain_json",
        "train.json",
        "[0, 2]",
        "2",
        "gt_label is 2, not a list",
    ),
    "no classes (JSON)": ("mmpretrain_json", "train.json", '"classes"', '"klasses"', "is no MultiLabelDataset file"),
    "a number for a path": (
        "mmpretrain_json",
        "train.json",
        '"train/1.jpg"',
        "1",
        "img_path is 1, not text",
    ),
    "other classes in test": ("mmpretrain_json", "test.json", '"cat"', '"bird"', "list different categories"),
    "an attribute too few": (
        "cub",
        "attributes.txt",
        "312 has_wing_pattern::multi-colored\n",
        "",
        "names 311 attributes",
    ),
    "an attribute too many": (
        "cub",
        "CUB_200_2011/attributes/image_attribute_labels.txt",
        "1 312 ",
        "1 313 ",
        "1 to 312",
    ),
    "a label that is none": ("cub", LABELS, "2 1 1 ", "2 1 7 ", "0 or 1"),
    "a label too few": (
        "cub",
        "CUB_200_2011/attributes/image_attribute_labels.txt",
        "2 9 0 ",
        "2 8 0 ",
        "attribute 9 of",
    ),
    "words for labels": (
        "cub",
        "CUB_200_2011/attributes/image_attribute_labels.txt",
        "2 9 0 ",
        "2 9 x ",
        "must hold lines",
    ),
    "another split file": ("cub", "CUB_200_2011/train_test_split.txt", "4 1", "5 1", "do not number the same images"),
    "no numbers": ("cub", "CUB_200_2011/images.txt", "1 ", "x ", "no line of a number and a text"),
    "numbers raised to a power": ("cub", "CUB_200_2011/images.txt", "1 ", "\u00b2 ", "no line of a number and a text"),
    "digits of another script": ("cub", "CUB_200_2011/images.txt", "1 ", "\u0661 ", "no line of a number and a text"),
    "a label too few (NUS)": (
        *("nuswide", "Groundtruth/TrainTestLabels/Labels_zebra_Train.txt", "0\n", ""),
        "holds 2 labels for the 3 images",
    ),
    "a two (NUS)": ("nuswide", "Groundtruth/TrainTestLabels/Labels_zebra_Train.txt", "0", "2", "a 0 or a 1 a line"),
    "an index too large (NUS)": (
        "nuswide_asl",
        "nus_train.txt",
        "80",
        "81",
        "class index 81 is out",
    ),
    "a two (VOC)": ("voc", CATS, "-1", " 2", "an image and 1, -1 or 0"),
    "another order (VOC)": (
        "voc",
        "VOCdevkit/VOC2007/ImageSets/Main/cat_trainval.txt",
        "000005",
        "000006",
        "in their order",
    ),
}


@pytest.mark.parametrize(("writer", "file", "old", "new", "words"), WRONG.values(), ids=WRONG)
def test_a_wrong_file_gives_one_sentence(writer, file, old, new, words, tmp_path):
    copy = COPIES[writer](tmp_path)
    rewrite(tmp_path / file, old, new)
    with pytest.raises(DataError, match=words) as caught:
        _ = copy.open(tmp_path / "cache").fingerprint
    assert "\n" not in str(caught.value)


EMPTY = {
    "listfile": "train.txt",
    "vg": "train_list_500.txt",
    "nuswide_asl": "nus_train.txt",
    "voc": "VOCdevkit/VOC2007/ImageSets/Main/trainval.txt",
}


@pytest.mark.parametrize(("writer", "file"), EMPTY.items(), ids=EMPTY)
def test_an_empty_list_gives_one_sentence(writer, file, tmp_path):
    copy = COPIES[writer](tmp_path)
    (tmp_path / file).write_text(lines([]))
    with pytest.raises(DataError, match=r"lists no image|in their order"):
        _ = copy.open(tmp_path / "cache").train


def test_voc_xml_that_is_none_is_named(tmp_path):
    copy = voc(tmp_path, xml=True)
    rewrite(tmp_path / "VOCdevkit/VOC2007/Annotations/000007.xml", "tvmonitor", "television")
    with pytest.raises(DataError, match=r"000007.xml is no VOC annotation"):
        _ = copy.open(tmp_path / "cache").train
