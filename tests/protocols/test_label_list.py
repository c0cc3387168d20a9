"""Published lists of positives: matched by image name, and refused in one sentence where they do not fit."""

import numpy as np
import pytest
from helpers.elsewhere import full_labels
from helpers.masks import named
from helpers.real import SHARED, coco, needs_coco
from hypothesis import example, given
from hypothesis import strategies as st

from bench.errors import DataError
from protocols import PROTOCOLS, Images
from protocols.label_list import ListOptions
from protocols.names import bare

pytestmark = pytest.mark.slow

FULL = np.array([[1, -1, 1], [-1, 1, -1], [-1, -1, -1]], np.int8)
IDS = ("a.jpg", "b.jpg", "c.jpg")


@pytest.fixture
def observe(tmp_path):
    def read(text: str | bytes, ids=IDS, full=FULL) -> np.ndarray:
        path = tmp_path / "list.txt"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return PROTOCOLS.get("label_list")(ListOptions(file=path)).observe(full, None, 0, Images(ids))

    return read


@pytest.mark.parametrize(
    "text",
    [
        "a.jpg,0 2\nb.jpg,1\nc.jpg,\n",
        "c.jpg, \nb.jpg, 1\na.jpg, 2 0\n",
        "train/c.JPG,\r\ntrain/b.jpg,1\r\ntrain/a.jpg,0 2\r\nmore/d.jpg,1\r\n",
    ],
    ids=["as the rows", "another order, blanks", "folders, more images"],
)
def test_listed_labels_are_known_and_nothing_else(observe, text):
    assert observe(text).tolist() == [[1, 0, 1], [0, 1, 0], [0, 0, 0]]


def test_names_match_with_and_without_an_ending(observe):
    assert observe("2008_000008.jpg,0\nx/b.png,1\nc,\n", ids=("2008_000008", "b", "c")).sum() == 2


WRONG = {
    "a class too high": (
        "a.jpg,0\nb.jpg,3\nc.jpg,",
        r"lists class 3 in line 2, but the dataset has the classes 0 to 2",
    ),
    "a class below zero": ("a.jpg,-1\nb.jpg,1\nc.jpg,", r"lists class -1 in line 1"),
    "a missing image": ("a.jpg,0\nc.jpg,", r"1 of the dataset's 3 training images are missing in .*first is 'b.jpg'"),
    "a negative listed": (
        "a.jpg,0 1\nb.jpg,1\nc.jpg,2",
        r"2 of the 4 labels in .* are no positives.*class 1 of 'a.jpg'",
    ),
    "an image twice": ("a.jpg,0\nb.jpg,1\nc.jpg,\nx/a.jpg,2", r"lists the image 'a' twice"),
    "no comma": ("a.jpg 0", r"list.txt, line 1: 'a.jpg 0' has no comma; write"),
    "a word as a class": ("a.jpg,cat", r"list.txt, line 1: 'cat' are no class indices; write"),
    "no name": (" ,1", r"list.txt, line 1: ',1' names no image; write"),
    "an empty line": ("a.jpg,0\n\nb.jpg,1", r"list.txt, line 2: '' has no comma; write"),
    "nothing": ("", r"3 of the dataset's 3 training images are missing"),
    "no text": (b"\xff\xfe\x00", r"cannot be read"),
}


@pytest.mark.parametrize(("text", "words"), WRONG.values(), ids=WRONG)
def test_a_list_that_does_not_fit_gives_one_sentence(observe, text, words):
    with pytest.raises(DataError, match=words) as caught:
        observe(text)
    assert "\n" not in str(caught.value)


def test_images_that_share_a_name_cannot_be_matched(observe):
    with pytest.raises(DataError, match="two images of the dataset are called 'a'"):
        observe("a.jpg,\nb.jpg,\nc.jpg,", ids=("x/a.jpg", "y/a.jpg", "b.jpg"))


def test_images_without_names_cannot_be_matched(observe):
    with pytest.raises(DataError, match="names are not known"):
        observe("a.jpg,\nb.jpg,\nc.jpg,", ids=())


@given(st.text())
@example("folder/\r0")
@example("a .jpg")
def test_a_bare_name_is_its_own(name):
    assert bare(bare(name)) == bare(name) or bare(name).lower().endswith(
        (".jpg", ".jpeg", ".png", ".bmp", ".gif", ".webp")
    )


def test_a_file_that_is_not_there_is_named(tmp_path):
    options = ListOptions(file=tmp_path / "none.txt")
    for ask in (
        lambda: PROTOCOLS.get("label_list").fingerprint(options),
        lambda: PROTOCOLS.get("label_list")(options).observe(full_labels(), None, 0, named(500)),
    ):
        with pytest.raises(DataError, match=r"none.txt"):
            ask()


@needs_coco
@pytest.mark.parametrize(
    ("name", "labels", "rarest"),
    [
        ("single_positive/coco_train_singlelabel.txt", 82_081, 31),
        ("coco_labels/coco_train_0.4left.txt", 96_251, None),
        ("coco_labels/coco_train_0.75left.txt", 181_422, None),
    ],
)
def test_published_coco_lists(name, labels, rarest):
    ids, full = coco()
    observed = PROTOCOLS.get("label_list")(ListOptions(file=SHARED / name)).observe(full, None, 0, Images(ids))
    assert (observed == 1).sum() == (observed != 0).sum() == labels
    assert rarest is None or (observed == 1).sum(axis=0).min() == rarest
