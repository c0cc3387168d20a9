"""The pinned lists: they are those of the real files, and whatever differs from them is said."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from helpers.copied_cub import ATTRIBUTES, cub

from bench.data import DATASETS
from bench.data.lists import read_index_list, read_lines
from bench.data.nuswide import NUSWIDE_CLASSES as CONCEPTS
from bench.data.nuswide import OFFICIAL as NUS
from bench.data.official import Official, deviations, label_digest, list_digest

pytestmark = pytest.mark.slow

REAL = Path(__file__).resolve().parents[2] / ".." / "shared" / "data"
real = pytest.mark.skipif(not REAL.is_dir(), reason="the real lists are not beside this checkout (../shared/data)")
IDS = ("b", "a", "c")
LABELS = np.array([[1, -1], [-1, -1], [1, 1]], np.int8)
PINNED = Official(3, annotated=2, positives=3, order=list_digest(IDS), labels=label_digest(IDS, LABELS))


def opened(name: str, root: Path, cache: Path, **options):
    entry = DATASETS.get(name)
    return entry(entry.Options(**options), root, cache)


def test_the_pinned_list_deviates_in_nothing():
    assert list(deviations(PINNED, IDS, LABELS)) == []
    assert list(deviations(Official(3), IDS, -LABELS)) == []
    assert list(deviations(Official(3, first="b"), IDS, LABELS)) == []
    assert "starts with b instead of a: the order differs" in next(deviations(Official(3, first="a"), IDS, LABELS))


CHANGES = {
    "a subset": (IDS[:2], LABELS[:2], "is not the official list: 2 of 3 images"),
    "more images": ((*IDS, "d"), LABELS[[0, 1, 2, 2]], "is not the official list: 4 of 3 images"),
    "another order": (("a", "b", "c"), LABELS[[1, 0, 2]], "in another order"),
    "another image": (("b", "a", "d"), LABELS, "lists other images"),
    "a label more": (IDS, np.array([[1, 1], [-1, -1], [1, 1]]), "has 4 labels instead of the official 3"),
    "labels elsewhere": (IDS, np.array([[1, -1], [1, -1], [1, -1]]), "has 3 images with a label instead of"),
    "classes in another order": (IDS, LABELS[:, ::-1], "or classes in another order"),
}


@pytest.mark.parametrize(("ids", "labels", "words"), CHANGES.values(), ids=CHANGES)
def test_every_change_is_said(ids, labels, words):
    messages = list(deviations(PINNED, ids, labels))
    assert words in messages[0]


def test_the_label_digest_takes_images_in_any_order_and_leaves_bare_ones_out():
    assert label_digest(IDS, LABELS) == label_digest(("c", "b"), LABELS[[2, 0]])
    assert label_digest(("ab 1",), LABELS[:1]) != label_digest(("ab",), LABELS[:1])


@real
@pytest.mark.parametrize(
    ("name", "part", "file", "classes"),
    [
        ("voc2012", "test", "voc_val.txt", 20),
        ("cub", "test", "cub_val.txt", 312),
        ("nuswide", "test", "nus_val.txt", 81),
    ],
)
def test_pinned_labels_are_those_of_the_real_lists(name, part, file, classes):
    pinned = NUS["asl"][part] if name == "nuswide" else DATASETS.get(name).official[part]
    assert pinned.labels
    assert list(deviations(pinned, *read_index_list(REAL / "single_positive" / file, classes))) == []


@real
@pytest.mark.parametrize(("name", "file", "classes"), [("voc2012", "voc_train.txt", 20), ("cub", "cub_train.txt", 312)])
def test_pinned_training_lists_are_those_of_the_single_positive_lists(name, file, classes):
    ids, labels = read_index_list(REAL / "single_positive" / file, classes)
    pinned = DATASETS.get(name).official["train"]
    assert (pinned.images, pinned.order) == (len(ids), list_digest(ids))
    assert (labels == 1).sum() == len(ids)


@real
def test_pinned_coco_labels_and_classes_are_the_real_ones(tmp_path):
    ids, labels = read_index_list(REAL / "coco_labels" / "coco_train_full.txt", 80)
    pinned = DATASETS.get("coco").official["train"]
    assert (pinned.annotated, pinned.positives, pinned.labels) == (
        len(ids),
        (labels == 1).sum(),
        label_digest(ids, labels),
    )
    coco = opened("coco", REAL / "coco256", tmp_path)
    assert list_digest(coco.class_names) == coco.official_classes
    assert coco.deviations("train") == ["is not the official list: 128 of 82,783 images"]
    assert not coco.facts["official_lists"]


@real
def test_voc2007_is_the_official_one_with_the_counts_of_the_papers(tmp_path):
    voc = opened("voc2007", REAL / "VOCdevkit", tmp_path)
    assert voc.deviations("train") == voc.deviations("test") == []
    assert voc.facts["official_lists"]
    assert ((voc.train.labels == 1).sum(), (voc.test.labels == 1).sum()) == (7306, 7013)
    assert list_digest(voc.class_names) == voc.official_classes
    ignoring = opened("voc2007", REAL / "VOCdevkit", tmp_path, difficult="ignore")
    assert (ignoring.train.ignored.sum(), ignoring.test.ignored.sum()) == (607, 619)
    assert (ignoring.test.judged == 0).sum() == 619
    positive = opened("voc2007", REAL / "VOCdevkit", tmp_path, difficult="positive")
    assert (positive.train.labels == 1).sum() == 7306 + 607
    assert positive.deviations("train") == []


@real
def test_voc2007_in_another_order_or_with_another_label_is_noticed(tmp_path):
    lists = tmp_path / "VOC2007" / "ImageSets" / "Main"
    shutil.copytree(REAL / "VOCdevkit" / "VOC2007" / "ImageSets" / "Main", lists)
    for path in lists.iterdir():
        path.chmod(0o644)
    cats = lists / "cat_trainval.txt"
    rows = cats.read_text().splitlines()
    there, away = (next(i for i, row in enumerate(rows) if row.endswith(end)) for end in ("  1", " -1"))
    rows[there], rows[away] = rows[there].replace("  1", " -1"), rows[away].replace(" -1", "  1")
    cats.write_text("\n".join(rows) + "\n")
    assert "5,010 images with a label instead of" in opened("voc2007", tmp_path, tmp_path).deviations("train")[0]
    for path in lists.glob("*_trainval.txt"):
        first, second, *rest = path.read_text().splitlines()
        path.write_text("\n".join([second, first, *rest]) + "\n")
    order = lists / "trainval.txt"
    first, second, *rest = order.read_text().splitlines()
    order.write_text("\n".join([second, first, *rest]) + "\n")
    assert "in another order" in opened("voc2007", tmp_path, tmp_path).deviations("train")[0]


@real
def test_cub_attributes_are_named_as_in_the_real_list_of_scpnet(tmp_path):
    opened_cub = cub(tmp_path).open(tmp_path / "cache", names="scpnet")
    assert opened_cub.class_names == tuple(read_lines(REAL / "single_positive" / "cub_labels.txt"))
    assert list_digest(ATTRIBUTES) == opened_cub.official_classes


@real
def test_visual_genome_lists_and_nus_concepts_are_the_real_ones():
    for name in ("vg200", "vg500"):
        for part, pinned in DATASETS.get(name).official.items():
            ids = read_lines(REAL / "vg" / f"{part}_list_500.txt")
            assert (pinned.images, pinned.order) == (len(ids), list_digest(ids))
    assert tuple(read_lines(REAL / "single_positive" / "nuswide_labels.txt")) == CONCEPTS
    assert list_digest(CONCEPTS) == DATASETS.get("nuswide").official_classes
