"""DualCoOp's mask files: read, written, and refused where they would give hidden labels away."""

import numpy as np
import pytest
import torch
from helpers.elsewhere import full_labels
from helpers.masks import named
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.errors import BenchError, DataError
from protocols import PROTOCOLS, Images
from protocols.dualcoop import IMAGE_NAMES, MaskOptions, mask_file, read_mask, refuse_unless_blind, write_mask

FULL, IMAGES = full_labels(), named(500)
KNOWN = np.random.RandomState(0).random_sample(FULL.shape) < 0.5


def observe(folder, full=FULL, percent=50, images=IMAGES) -> np.ndarray:
    return PROTOCOLS.get("dualcoop")(MaskOptions(folder=folder)).observe(full, percent, 0, images)


def save(folder, mask) -> None:
    torch.save(mask, mask_file(folder, 50))


@pytest.mark.parametrize("area_rows", [1, 3])
@pytest.mark.parametrize("dtype", [torch.int64, torch.bool, torch.float32, torch.uint8])
def test_what_was_written_is_what_is_known(tmp_path, area_rows, dtype):
    path = write_mask(tmp_path, KNOWN, 50, IMAGES.ids, area_rows)
    assert path.name == "partial_label_0.50.pt"
    assert torch.load(path, weights_only=True).shape == (500, area_rows, 20)
    torch.save(torch.load(path, weights_only=True).to(dtype), path)
    assert np.array_equal(read_mask(path)[0], KNOWN)
    assert np.array_equal(observe(tmp_path), np.where(KNOWN, FULL, 0))


def test_a_mask_saved_by_an_old_torch_is_read(tmp_path):
    path = mask_file(tmp_path, 50)
    torch.save(torch.from_numpy(KNOWN), path, _use_new_zipfile_serialization=False)
    assert np.array_equal(read_mask(path)[0], KNOWN)


def test_a_written_mask_does_to_targets_what_the_loader_does_with_it(tmp_path):
    """DualCoOp's loader: mask the three area rows, -1 where hidden, then the largest of the three."""
    areas = np.random.RandomState(1).randint(0, 3, FULL.shape)
    rows = np.stack([(FULL == 1) & (areas == area) for area in range(3)], axis=1).astype(int)
    mask = torch.load(write_mask(tmp_path, KNOWN, 50, IMAGES.ids, 3), weights_only=True).long().numpy()
    target = (mask * rows - (1 - mask)).max(axis=1)
    ours = observe(tmp_path)
    assert np.array_equal(np.select([ours == 1, ours == -1], [1, 0], -1), target)


def test_rows_are_found_by_name(tmp_path):
    order = np.random.RandomState(3).permutation(500)
    write_mask(tmp_path, KNOWN[order], 50, [f"train2014/{IMAGES.ids[i]}" for i in order], 3)
    assert np.array_equal(observe(tmp_path), np.where(KNOWN, FULL, 0))
    (tmp_path / IMAGE_NAMES).write_text("".join(f"{IMAGES.ids[i]}, 3 4\n" for i in order))
    assert np.array_equal(observe(tmp_path), np.where(KNOWN, FULL, 0)), "a label list serves as a list of names"


def test_without_names_rows_are_the_official_ones(tmp_path):
    write_mask(tmp_path, KNOWN, 50)
    assert np.array_equal(observe(tmp_path, images=Images()), np.where(KNOWN, FULL, 0))
    kept = np.arange(0, 500, 3)
    part = Images(positions=kept, count=500)
    assert np.array_equal(observe(tmp_path, FULL[kept], images=part), np.where(KNOWN, FULL, 0)[kept])


def independent_rows() -> torch.Tensor:
    return torch.from_numpy(np.random.RandomState(1).random_sample((500, 3, 20)) < 0.5)


WRONG = {
    "rows that differ": (independent_rows, "the 3 rows of an image differ"),
    "the labels themselves": (lambda: torch.from_numpy(FULL == 1), "keeps 9.* of the labels, and 50 % was requested"),
    "another share": (lambda: torch.rand(500, 20, generator=torch.Generator().manual_seed(0)) < 0.8, "and 50 % was"),
    "another number of images": (lambda: torch.from_numpy(KNOWN[:499]), "lists 500 images, and .* has 499 rows"),
    "another number of classes": (lambda: torch.from_numpy(KNOWN[:, :19]), "is for 19 classes, and the dataset has 20"),
    "other values": (lambda: torch.from_numpy(KNOWN * 2), "other values than 0"),
    "labels with -1": (lambda: torch.from_numpy(np.where(KNOWN, FULL, 0)), "other values than 0"),
    "no number": (lambda: torch.full((500, 20), float("nan")), "other values than 0"),
    "one dimension": (lambda: torch.zeros(500), r"holds shape \(500,\)"),
    "nothing": (lambda: torch.zeros(0, 20), r"holds shape \(0, 20\)"),
    "no tensor": (lambda: {"mask": torch.zeros(2)}, "holds a dict"),
}


@pytest.mark.parametrize(("mask", "words"), WRONG.values(), ids=WRONG)
def test_a_file_that_is_no_mask_of_this_dataset_gives_one_sentence(tmp_path, mask, words):
    write_mask(tmp_path, KNOWN, 50, IMAGES.ids)
    save(tmp_path, mask())
    with pytest.raises(DataError, match=words) as caught:
        observe(tmp_path)
    assert "\n" not in str(caught.value)


class Harmful:
    """Unpickling it would run code."""

    def __reduce__(self):
        return print, ("executed",)


def test_code_in_a_file_is_not_executed(tmp_path, capsys):
    save(tmp_path, Harmful())
    with pytest.raises(DataError, match="is no mask file"):
        observe(tmp_path)
    assert "executed" not in capsys.readouterr().out


def test_a_damaged_file_is_named(tmp_path):
    for content in (b"", b"PK\x03\x04", b"no pickle at all"):
        mask_file(tmp_path, 50).write_bytes(content)
        with pytest.raises(DataError, match=r"partial_label_0.50.pt is no mask file") as caught:
            observe(tmp_path)
        assert "\n" not in str(caught.value)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(DataError, match=r"there is no partial_label_0\.10\.pt or the like"):
        observe(tmp_path)
    write_mask(tmp_path, KNOWN, 50)
    with pytest.raises(DataError, match=r"there is no mask .*partial_label_0.30.pt"):
        observe(tmp_path, percent=30)
    with pytest.raises(BenchError, match=r"dualcoop\.folder"):
        observe(None)


def test_three_rows_without_names_are_refused_because_their_order_is_not_the_datasets(tmp_path):
    write_mask(tmp_path, KNOWN, 50, area_rows=3)
    with pytest.raises(DataError, match="follow the order of annotations"):
        observe(tmp_path)


def test_rows_that_nothing_says_whose_they_are_are_refused(tmp_path):
    write_mask(tmp_path, KNOWN[:499], 50)
    for images in (Images(), Images(positions=np.arange(500), count=600)):
        with pytest.raises(DataError, match="has 499 rows, and the dataset has 500 training images"):
            observe(tmp_path, images=images)


def test_images_that_the_mask_lacks_are_named(tmp_path):
    write_mask(tmp_path, KNOWN[1:], 50, IMAGES.ids[1:])
    with pytest.raises(DataError, match=f"1 of the dataset's 500 training images are missing .*{IMAGES.ids[0]}"):
        observe(tmp_path)


def leaning(by: float, only: int | None = None) -> np.ndarray:
    """A mask at 50 % that knows positives more often, in all classes or in one."""
    chance = np.where(FULL == 1, 0.5 + by, 0.5 - by * 0.1 / 0.9)
    if only is not None:
        chance = np.where(np.arange(20) == only, chance, 0.5)
    return np.random.RandomState(2).random_sample(FULL.shape) < chance


def test_a_mask_that_depends_on_the_labels_is_refused(tmp_path):
    for mask in (leaning(0.2), leaning(-0.2), leaning(0.5, only=7), leaning(-0.5, only=7)):
        with pytest.raises(DataError, match="depends on the labels"):
            refuse_unless_blind(mask, FULL, 50, tmp_path)


def test_a_mask_that_equals_the_labels_is_refused_at_its_own_share(tmp_path):
    half = np.where(np.random.RandomState(0).random_sample((60, 4)) < 0.5, 1, -1)
    share = round(100 * (half == 1).mean())
    for mask in (half == 1, half == -1):
        with pytest.raises(DataError, match="depends on the labels"):
            refuse_unless_blind(mask, half, share if mask is (half == 1) else round(100 * mask.mean()), tmp_path)


@settings(max_examples=100, deadline=None)
@given(images=st.integers(1, 200), percent=st.integers(1, 100), seed=st.integers(0, 10**6))
def test_honest_masks_pass(tmp_path_factory, images, percent, seed):
    known = np.random.RandomState(seed).random_sample((images, 20)) < percent / 100
    refuse_unless_blind(known, FULL[:images], percent, tmp_path_factory.getbasetemp())
    whole = np.repeat(known[:, :1], 20, axis=1)
    refuse_unless_blind(whole, FULL[:images], percent, tmp_path_factory.getbasetemp())
