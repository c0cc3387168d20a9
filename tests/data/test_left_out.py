"""Images and entries that are left out: damaged, unlabelled, or ignored by the metrics."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from helpers.copies import COPIES, voc
from helpers.copy_files import Copy

from bench.errors import DataError
from bench.stats.metrics import summary

pytestmark = pytest.mark.slow


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


def test_ignored_entries_reach_the_metrics_of_a_cell_and_its_stored_targets(tmp_path):
    from helpers.trainings import quiet

    from bench.planning.plan import cells, open_dataset, plan
    from bench.planning.request import Request
    from bench.system.device import choose_device
    from bench.training.resources import Resources

    copy, cache = voc(tmp_path / "copy"), tmp_path / "cache"
    overrides = {"voc2007": {"difficult": "ignore"}}
    sweep = Request(
        ("asl",), (50,), holdout=50, dataset="voc2007", backbone="tiny_clip", root=copy.root, overrides=overrides
    )
    dataset = open_dataset(sweep, cache)
    (cell,) = cells(plan(sweep, dataset))
    resources = Resources(dataset, choose_device("cpu"), cache, progress=quiet)
    inputs, _ = resources.inputs(cell)
    for labels in (inputs.test_labels, resources.targets.labels):
        assert (labels == 0).nonzero() == (np.array([0]), np.array([14]))
    held = inputs.heldout_rows
    assert np.array_equal(inputs.heldout_labels[held], dataset.train.judged[held])
    assert set(np.unique(dataset.train.labels)) == {-1, 1}
