"""Every dataset on disk, as a tiny copy in its distributed layout: what is read, kept, refused and left out."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from helpers.copies import COPIES, Copy, lines, voc

from bench.data import DATASETS
from bench.errors import DataError
from bench.stats.metrics import summary


def copied(writer: str, folder: Path) -> Copy:
    (folder / writer).mkdir()
    return COPIES[writer](folder / writer)


@pytest.fixture(params=COPIES)
def copy(request, tmp_path) -> Copy:
    return copied(request.param, tmp_path)


def test_every_dataset_on_disk_has_a_copy_here(tmp_path):
    on_disk = {name for name in DATASETS.names() if DATASETS.get(name).needs_root}
    assert not DATASETS.broken()
    assert on_disk == {
        COPIES[writer](tmp_path / writer).name for writer in COPIES if (tmp_path / writer).mkdir() is None
    }


def test_ids_classes_and_labels_are_those_of_the_files(copy, tmp_path):
    dataset = copy.open(tmp_path / "cache")
    assert dataset.class_names == copy.classes
    for part in ("train", "test"):
        split = getattr(dataset, part)
        assert split.ids == tuple(getattr(copy, part))
        assert np.array_equal(split.labels, copy.labels(part))
        assert split.positions is None
        assert split.official_count is None
        assert split.ignored is None


def test_images_are_rgb_in_the_order_of_the_labels(copy, tmp_path):
    dataset = copy.open(tmp_path / "cache")
    for split, first in ((dataset.train, 0), (dataset.test, 5)):
        assert len(split.images) == len(split)
        for i, image in enumerate(split.images):
            assert image.mode == "RGB"
            assert image.size == (32, 24)
            assert abs(np.asarray(image)[..., 0].mean() - 20 * (first + i) - 3.5) < 3


def test_files_are_parsed_once_and_again_when_they_change(copy, tmp_path, monkeypatch):
    before = copy.open(tmp_path / "cache").fingerprint
    with monkeypatch.context() as unread:
        unread.setattr(DATASETS.get(copy.name), "read", lambda self, part: pytest.fail("parsed again"))
        assert copy.open(tmp_path / "cache").fingerprint == before
        source = copy.open(tmp_path / "cache").sources("test")[-1]
        source.write_text(source.read_text() + "\n")
        with pytest.raises(pytest.fail.Exception, match="parsed again"):
            _ = copy.open(tmp_path / "cache").fingerprint
    assert copy.open(tmp_path / "cache").fingerprint == before


def test_a_damaged_cache_of_parsed_files_is_made_anew(copy, tmp_path):
    before = copy.open(tmp_path / "cache").fingerprint
    for path in (tmp_path / "cache").rglob("*.npz"):
        path.write_bytes(path.read_bytes()[:100])
    assert copy.open(tmp_path / "cache").fingerprint == before


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


def damage(copy: Copy, cache: Path, part: str = "train", index: int = 1) -> tuple[str, Path]:
    """Cut one image off in the middle; its id and path."""
    dataset = copy.open(cache)
    name = dataset.listing(part).ids[index]
    path = dataset.image_paths(part, [name])[0]
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    return name, path


def test_skip_drops_damaged_images_and_says_which_rows_stay(copy, tmp_path):
    cache = tmp_path / "cache"
    whole = copy.open(cache).train
    name, path = damage(copy, cache)
    dataset = copy.open(cache, unreadable="skip")
    rows = [i for i, other in enumerate(whole.ids) if other != name]
    assert dataset.train.ids == tuple(whole.ids[i] for i in rows)
    assert np.array_equal(dataset.train.labels, whole.labels[rows])
    assert dataset.train.positions.tolist() == rows
    assert dataset.train.official_count == len(whole)
    assert len(list(dataset.train.images)) == len(rows)
    assert dataset.test.positions is None
    assert dataset.facts["train_unreadable_skipped"] == 1
    assert dataset.facts["test_unreadable_skipped"] == 0
    assert dataset.fingerprint != copy.open(tmp_path / "other", unreadable="fail").fingerprint
    path.unlink()
    assert copy.open(cache, unreadable="skip").train.ids == dataset.train.ids


def test_fail_names_the_damaged_image_when_it_is_met_or_known(copy, tmp_path):
    cache = tmp_path / "cache"
    name, path = damage(copy, cache)
    with pytest.raises(DataError, match="cannot be read"):
        list(copy.open(cache).train.images)
    _ = copy.open(cache, unreadable="skip").train
    with pytest.raises(DataError, match=f"mend it .train image {name}.*{copy.name}.unreadable=skip"):
        _ = copy.open(cache).train
    shutil.copy(copy.open(cache).image_paths("train", [copy.open(cache).listing("train").ids[0]])[0], path)
    assert len(copy.open(cache).train) == len(copy.open(cache, unreadable="skip").train)


def test_names_are_words_when_asked_for(copy, tmp_path):
    if copy.name == "coco":
        assert copy.open(tmp_path, names="tai").class_names == ("person", "aeroplane", "toothbrush")
        assert copy.open(tmp_path, names="clean").class_names == copy.classes
        return
    clean = copy.open(tmp_path, names="clean").class_names
    assert len(set(clean)) == len(copy.classes)
    assert not any("_" in name or "::" in name for name in clean)
    assert clean != copy.classes


def test_clean_names_of_the_papers_datasets(tmp_path):
    names = {}
    for writer in ("voc", "nuswide", "cub"):
        copy = copied(writer, tmp_path)
        names |= dict(zip(copy.classes, copy.open(tmp_path / "cache", names="clean").class_names, strict=True))
    expected = {
        "aeroplane": "airplane",
        "diningtable": "dining table",
        "tvmonitor": "tv monitor",
        "birds": "bird",
        "plane": "airplane",
        "has_bill_shape::curved_(up_or_down)": "curved bill",
        "has_bill_shape::hooked_seabird": "hooked seabird bill",
        "has_wing_color::blue": "blue wing",
        "has_tail_shape::forked_tail": "forked tail",
        "has_wing_shape::rounded-wings": "rounded-wings",
        "has_upper_tail_color::blue": "blue upper tail",
        "has_bill_length::about_the_same_as_head": "about the same as head bill",
        "has_size::large_(16_-_32_in)": "large size",
        "has_shape::upright-perching_water-like": "upright-perching water-like shape",
        "has_tail_pattern::solid": "solid tail",
    }
    assert {raw: names[raw] for raw in expected} == expected


@pytest.mark.parametrize("writer", ["coco", "nuswide"])
def test_annotated_leaves_out_images_without_a_label_and_keeps_their_rows(writer, tmp_path):
    (tmp_path / "copy").mkdir()
    copy = COPIES[writer](tmp_path / "copy")
    for part in ("train", "test"):
        every, annotated = (
            getattr(copy.open(tmp_path / "cache", images=which), part) for which in ("all", "annotated")
        )
        rows = [i for i, indices in enumerate(getattr(copy, part).values()) if indices]
        assert 0 < len(rows) < len(every)
        assert annotated.ids == tuple(every.ids[i] for i in rows)
        assert np.array_equal(annotated.labels, every.labels[rows])
        assert annotated.positions.tolist() == rows
        assert annotated.official_count == len(every)


class TestDifficult:
    """VOC's objects marked difficult: image 000005 has class 8 only so, image 000001 class 14."""

    @pytest.fixture(params=[False, True], ids=["Main lists", "XML"])
    def copy(self, request, tmp_path) -> Copy:
        return voc(tmp_path / "copy", xml=request.param)

    def test_are_negative_unless_asked_otherwise(self, copy, tmp_path):
        assert copy.open(tmp_path / "cache").train.labels[0, 8] == -1
        positive = copy.open(tmp_path / "cache", difficult="positive")
        assert (positive.train.labels - copy.labels("train")).nonzero() == (np.array([0]), np.array([8]))
        assert (positive.test.labels - copy.labels("test")).nonzero() == (np.array([0]), np.array([14]))

    def test_ignored_ones_stay_negative_in_training_and_out_of_the_metrics(self, copy, tmp_path):
        dataset = copy.open(tmp_path / "cache", difficult="ignore")
        assert np.array_equal(dataset.train.labels, copy.labels("train"))
        assert dataset.test.ignored.nonzero() == (np.array([0]), np.array([14]))
        assert dataset.test.judged[0, 14] == 0
        assert (dataset.test.judged != dataset.test.labels).sum() == 1
        negative = copy.open(tmp_path / "cache")
        assert dataset.fingerprint != negative.fingerprint
        scores = np.zeros((2, 20), np.float32)
        scores[:, 14] = 2, 1  # the ignored image above the only positive of person
        assert summary(scores, dataset.test.judged)["mAP"] > summary(scores, negative.test.judged)["mAP"]


def test_main_lists_and_xml_annotations_say_the_same(tmp_path):
    main, xml = voc(tmp_path / "main"), voc(tmp_path / "xml", xml=True)
    assert not list((tmp_path / "xml").rglob("*_trainval.txt"))
    for difficult in ("negative", "positive", "ignore"):
        a, b = (copy.open(tmp_path / "cache", difficult=difficult) for copy in (main, xml))
        assert a.fingerprint == b.fingerprint


@pytest.mark.parametrize("inside", [".", "VOCdevkit", "VOCdevkit/VOC2007"])
def test_voc_is_found_from_around_its_folder(inside, tmp_path):
    copy = voc(tmp_path / "copy")
    entry = DATASETS.get("voc2007")
    assert entry(entry.Options(), copy.root / inside, tmp_path).train.ids == tuple(copy.train)


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
    "no list (VG)": ("vg", "vg_category_200_labels_index.json", "[0, 199]", "7", "7 is no list of class indices"),
    "an image without an entry": ("vg", "train_list_500.txt", "10.jpg", "11.jpg", "no entry for the image"),
    "other names (VG)": (
        "vg",
        "vg_category_200_names.txt",
        "thing_0\n",
        "",
        "names 199 classes, but",
    ),
    "no JSON (VG)": ("vg", "vg_category_200_labels_index.json", "{", "", "is no JSON object"),
    "a list (VG)": ("vg", "vg_category_200_labels_index.json", "{", "[", "is no JSON object"),
    "an index too large (JSON)": ("mmpretrain_json", "train.json", "[0, 2]", "[3]", "class index 3 is out of range"),
    "an index for a list": ("mmpretrain_json", "train.json", "[0, 2]", "2", "gt_label must be a list of indices"),
    "no classes (JSON)": ("mmpretrain_json", "train.json", '"classes"', '"klasses"', "is no MultiLabelDataset file"),
    "a number for a path": ("mmpretrain_json", "train.json", '"train/1.jpg"', "1", "every img_path must be text"),
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


def test_ignored_entries_reach_the_metrics_of_a_cell_and_its_stored_targets(tmp_path):
    from helpers.toys import quiet

    from bench.planning.plan import cells, open_dataset, plan
    from bench.planning.request import Request
    from bench.training.resources import Resources, choose_device

    copy, cache = voc(tmp_path / "copy"), tmp_path / "cache"
    overrides = {"voc2007": {"difficult": "ignore"}}
    sweep = Request(("asl",), (50,), holdout=50, dataset="voc2007", root=copy.root, overrides=overrides)
    dataset = open_dataset(sweep, cache)
    (cell,) = cells(plan(sweep, dataset))
    resources = Resources(dataset, choose_device("cpu"), cache, progress=quiet)
    inputs, _ = resources.inputs(cell)
    for labels in (inputs.test_labels, resources.targets.labels):
        assert (labels == 0).nonzero() == (np.array([0]), np.array([14]))
    held = inputs.heldout_rows
    assert np.array_equal(inputs.heldout_labels[held], dataset.train.judged[held])
    assert set(np.unique(dataset.train.labels)) == {-1, 1}
