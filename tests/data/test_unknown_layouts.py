"""Datasets whose labels are missing by nature: what is known, what is not, and the options that decide it."""

import json

import numpy as np
import pytest
from helpers.copied_unknown import chexpert, coco_own, lvis, openimages, voc_own
from helpers.copy_files import write
from PIL import Image

from bench.data import openimages as reader
from bench.data.chexpert import OBSERVATIONS
from bench.data.class_counts import class_counts
from bench.errors import DataError
from bench.system.sparse import SparseLabels

EDEMA = OBSERVATIONS.index("Edema")


def labels(copy, cache, part="train", **options) -> list[list[int]]:
    return copy.open(cache, **options).listing(part).labels.tolist()


def test_open_images_parents_are_present_where_a_child_is(tmp_path):
    copy = openimages(tmp_path)
    tree = {
        "LabelName": "/m/root",
        "Subcategory": [{"LabelName": "/m/01yrx", "Subcategory": [{"LabelName": "/m/0jbk"}]}],
    }
    write(tmp_path / "tree.json", tree)
    assert labels(copy, tmp_path / "cache") == [[1, -1, 0], [0, 1, -1], [-1, 0, 1]]
    assert labels(copy, tmp_path / "cache", hierarchy="tree.json") == [[1, -1, 0], [0, 1, -1], [0, 0, 1]]
    assert labels(copy, tmp_path / "cache", "test", hierarchy="tree.json")[1] == [1, -1, 1]


def test_open_images_classes_can_be_chosen_and_machine_labels_are_refused(tmp_path):
    copy = openimages(tmp_path)
    (tmp_path / "few.txt").write_text("/m/0jbk\n/m/01yrx\n")
    listing = copy.open(tmp_path / "cache", classes="few.txt").listing("train")
    assert (listing.classes, listing.labels.tolist()) == (("Hot_dog", "Cat"), [[0, 1], [-1, 0], [1, -1]])
    machine = tmp_path / "oidv6-train-annotations-human-imagelabels.csv"
    machine.write_text(machine.read_text() + "0d,machine,/m/0jbk,0.7\n")
    with pytest.raises(DataError, match=r"line 8: the confidence is '0.7'.*human-verified"):
        labels(copy, tmp_path / "cache")


def test_open_images_people_who_disagree_leave_a_label_unknown(tmp_path):
    copy = openimages(tmp_path)
    source = tmp_path / "oidv6-train-annotations-human-imagelabels.csv"
    source.write_text(source.read_text() + "0a,verification,/m/01yrx,0\n")
    assert labels(copy, tmp_path / "cache")[0] == [0, -1, 0]


def test_lvis_absent_is_what_an_image_says_and_not_exhaustive_is_unknown(tmp_path):
    copy = lvis(tmp_path)
    assert labels(copy, tmp_path / "cache") == [[1, -1, 0], [0, 0, 1]]
    path = tmp_path / "lvis_v1_train.json"
    data = json.loads(path.read_text())
    data["images"][0]["neg_category_ids"] = [99]
    path.write_text(json.dumps(data))
    with pytest.raises(DataError, match=r"images\[0\]\.neg_category_ids holds 99, which is no category"):
        labels(copy, tmp_path / "cache")


@pytest.mark.parametrize(("policy", "value"), [("ignore", 0), ("zeros", -1), ("ones", 1)])
def test_chexpert_uncertain_labels_follow_the_papers_policy(policy, value, tmp_path):
    read = np.array(labels(chexpert(tmp_path), tmp_path / "cache", uncertain=policy))
    assert read[0, EDEMA] == value
    assert (read[0, 0], read[0, 6], read[0, 1]) == (1, -1, 0)


def test_an_uncertain_test_label_of_chexpert_judges_nothing(tmp_path):
    """The policies are of training labels: a test label made up by one would be judged."""
    copy = chexpert(tmp_path)
    valid = tmp_path / "CheXpert-v1.0-small" / "valid.csv"
    valid.write_text(valid.read_text().replace(",1.0", ",-1.0", 1))
    for policy in ("zeros", "ones"):
        assert labels(copy, tmp_path / "cache", "test", uncertain=policy)[0].count(0) == 1


def test_chexpert_policies_that_are_trainings_say_what_to_take(tmp_path):
    copy = chexpert(tmp_path)
    for policy, words in (("self_trained", "pseudo-labels"), ("multi_class", "third class")):
        with pytest.raises(DataError, match=words):
            labels(copy, tmp_path / "cache", uncertain=policy)
    assert labels(copy, tmp_path / "cache", blank="absent")[1].count(-1) == 13


def test_chexpert_lateral_views_can_be_left_out(tmp_path):
    copy = chexpert(tmp_path)
    source = tmp_path / "CheXpert-v1.0-small" / "train.csv"
    source.write_text(source.read_text().replace("p2/view1.jpg,Female,68,Frontal", "p2/view1.jpg,Female,68,Lateral"))
    assert len(labels(copy, tmp_path / "cache")) == 2
    assert len(labels(copy, tmp_path / "cache", views="frontal")) == 1


def test_coco_files_of_any_name_and_categories_open(tmp_path):
    copy = coco_own(tmp_path)
    (tmp_path / "mine.json").write_text((tmp_path / "annotations" / "instances_val2017.json").read_text())
    (tmp_path / "val2017").rename(tmp_path / "photos")
    dataset = copy.open(tmp_path / "cache", test="mine.json", test_folder="photos")
    assert dataset.class_names == ("cat", "hot_dog")
    assert dataset.test.images[0].size == (32, 24)


def test_voc_annotations_with_ones_own_classes_and_png_images(tmp_path):
    copy = voc_own(tmp_path)
    folder = tmp_path / "JPEGImages"
    Image.open(folder / "b.1.jpg").save(folder / "b.1.png")
    (folder / "b.1.jpg").unlink()
    assert [path.name for path in copy.open(tmp_path / "cache").train.images.paths] == ["a.jpg", "b.1.png"]
    (tmp_path / "names.txt").write_text("cat\n")
    with pytest.raises(DataError, match="'hot_dog' is none of the classes cat"):
        labels(copy, tmp_path / "cache", classes="names.txt")


def test_voc_objects_marked_difficult_count_unless_the_option_says_otherwise(tmp_path):
    copy = voc_own(tmp_path)
    hard = "<annotation><object><name>cat</name><difficult>1</difficult></object></annotation>"
    (tmp_path / "Annotations" / "b.1.xml").write_text(hard)
    assert labels(copy, tmp_path / "cache")[1] == [1, -1]
    assert labels(copy, tmp_path / "cache", difficult="negative")[1] == [-1, -1]


def test_open_images_too_large_for_a_table_is_held_as_lists_of_the_same_labels(tmp_path, monkeypatch):
    copy = openimages(tmp_path)
    table = copy.open(tmp_path / "cache")
    counts = class_counts(table.class_names, table.train.labels, table.test.labels)
    monkeypatch.setattr(reader, "LARGEST_MATRIX", 8)
    for _ in ("read", "kept"):
        dataset = copy.open(tmp_path / "other")
        labels = dataset.train.labels
        assert isinstance(labels, SparseLabels)
        assert np.array_equal(labels[:], table.train.labels)
        assert dataset.has_unknown
        assert dataset.facts == table.facts
        assert class_counts(dataset.class_names, labels, dataset.test.labels) == counts
        assert dataset.fingerprint != table.fingerprint
    source = tmp_path / "oidv6-train-annotations-human-imagelabels.csv"
    source.write_text(source.read_text() + "0a,verification,/m/01yrx,0\n")
    assert np.array_equal(copy.open(tmp_path / "other").train.labels[0], [0, -1, 0]), "people disagree"
    monkeypatch.setattr(reader, "LARGEST_MATRIX", 5)
    with pytest.raises(DataError, match=r"2 images, which with 3 classes are 0\.0 GB of labels and .*scores"):
        labels = copy.open(tmp_path / "third").test
