"""MIRFLICKR-25000: the split by numbers, its two annotations, subsets, and the published counts."""

import numpy as np
import pytest
from helpers.copies import mirflickr25k
from helpers.copy_files import lines, paint, write
from helpers.real import SHARED

from bench.data import DATASETS
from bench.data.folder import PARTS
from bench.data.listing import Listing
from bench.data.mirflickr25k import IMAGES, TRAIN_REMAINDERS
from bench.data.mirflickr25k_counts import POTENTIAL_COUNTS, RELEVANT_COUNTS
from bench.errors import DataError

REAL = SHARED / "mirflickr12k"
real = pytest.mark.skipif(not REAL.is_dir(), reason="the photos are not beside this checkout (../shared/data)")


@pytest.fixture
def few(tmp_path):
    return mirflickr25k(tmp_path)


def relevant(few) -> None:
    """Writes the files of the second annotation, with LF alone."""
    for label in RELEVANT_COUNTS:
        write(few.root / "annotations" / f"{label}.txt", lines(["13", "105"] if label == "people_r1" else []))


def test_of_every_five_images_the_first_three_train(few, tmp_path):
    paint(few.root / "mirflickr", [f"im{n}.jpg" for n in range(201, 206)], first=0)
    dataset = few.open(tmp_path / "cache")
    assert dataset.train.ids[-3:] == ("im201.jpg", "im202.jpg", "im203.jpg")
    assert dataset.test.ids[-2:] == ("im204.jpg", "im205.jpg")


def test_the_relevant_labels_are_an_option(few, tmp_path):
    relevant(few)
    dataset = few.open(tmp_path / "cache", labels="relevant", names="clean")
    assert len(dataset.class_names) == 14
    people = dataset.class_names.index("people")
    assert np.flatnonzero(dataset.train.labels[:, people] == 1).tolist() == [2]
    assert (dataset.train.labels == 1).sum() == 1


def test_class_words_are_by_sense(few, tmp_path):
    names = dict(zip(few.classes, few.open(tmp_path / "cache", names="clean").class_names, strict=True))
    assert (names["structures"], names["male"], names["plant_life"]) == ("buildings", "man", "plants")
    assert names["sky"] == "sky"
    entry = type(few.open(tmp_path / "cache"))
    assert entry.Options().names == "clean"


def test_a_file_more_in_the_folder_is_an_image_more(few, tmp_path):
    assert len(few.open(tmp_path / "cache").test) == 3
    paint(few.root / "mirflickr", ["im9.jpg", "im25001.jpg", "im09.jpg", "cover.jpg"], first=0)
    assert few.open(tmp_path / "cache").test.ids == ("im4.jpg", "im9.jpg", "im10.jpg", "im105.jpg")


def test_an_annotated_image_that_is_not_there_is_missing_and_can_be_left_out(few, tmp_path):
    (few.root / "mirflickr" / "im13.jpg").unlink()
    assert "im13.jpg is missing" in few.open(tmp_path / "cache").unreadable_images("train")["im13.jpg"]
    assert len(few.open(tmp_path / "cache", unreadable="skip").train) == 3


@pytest.mark.parametrize("line", ["0", "25001", "-3", "im4", "1 2"])
def test_what_is_no_image_number_is_refused(few, tmp_path, line):
    write(few.root / "annotations" / "sky.txt", lines(["4", line]))
    with pytest.raises(DataError, match=r"sky\.txt, line 2: .* is no image number from 1 to 25000"):
        _ = few.open(tmp_path / "cache").train


def whole(few, cache, counts):
    """A dataset of 25,000 images whose first `count` show the label."""
    dataset = few.open(cache)
    numbers = np.arange(1, IMAGES + 1)
    for part in PARTS:
        rows = numbers[np.isin(numbers % 5, list(TRAIN_REMAINDERS)) == (part == "train")]
        labels = np.where(rows[:, None] <= np.array(list(counts.values())), 1, -1).astype(np.int8)
        dataset._listings[part] = Listing(tuple(f"im{n}.jpg" for n in rows), labels, tuple(counts))
    return dataset


def test_the_counts_of_the_whole_annotation_are_compared(few, tmp_path):
    for part in PARTS:
        assert whole(few, tmp_path, POTENTIAL_COUNTS).deviations(part) == []
    wrong = POTENTIAL_COUNTS | {"sky": 7_911}
    message = "and test have 7,911 images of 'sky' in place of the published 7,912"
    assert whole(few, tmp_path, wrong).deviations("train") == [message]
    assert whole(few, tmp_path, wrong).deviations("test") == []


def test_a_subset_may_have_fewer_and_is_said_to_be_one(few, tmp_path):
    assert few.open(tmp_path).deviations("train") == ["is not the official list: 4 of 15,000 images"]
    too_many = lines([str(n) for n in range(1, 301)])
    write(few.root / "annotations" / "baby.txt", too_many)
    assert "of 'baby' in place of the published 259" in few.open(tmp_path).deviations("train")[1]


def test_all_labels_are_as_many_an_image_as_published():
    total = sum(POTENTIAL_COUNTS.values()) + sum(RELEVANT_COUNTS.values())
    assert round(total / IMAGES, 3) == 4.716
    assert (len(POTENTIAL_COUNTS), len(RELEVANT_COUNTS)) == (24, 14)


@real
@pytest.mark.parametrize(("labels", "positives"), [("potential", 45_883), ("relevant", 12_696)])
def test_the_real_half_is_read(tmp_path, labels, positives):
    entry = DATASETS.get("mirflickr25k")
    dataset = entry(entry.Options(labels=labels), REAL, tmp_path)
    assert (len(dataset.listing("train").ids), len(dataset.listing("test").ids)) == (7_500, 5_000)
    assert sum(int((dataset.listing(part).labels == 1).sum()) for part in PARTS) == positives
    assert [len(dataset.deviations(part)) for part in PARTS] == [1, 1]
