"""Cached augmented views: drawn anew in each epoch and seed, encoded once, trained and resumed to the same bits."""

import numpy as np
import pytest
import torch
from helpers.comparisons import assert_same_scores, assert_same_training, final_parameters, same_bits
from helpers.live import SHORT, views
from helpers.trainings import make_cell, quiet, run

from bench.features import cached_features
from bench.training.resources import Resources

pytestmark = pytest.mark.usefixtures("toys")


def test_an_image_takes_one_of_its_cached_views_new_in_each_epoch_and_seed(small, tmp_path):
    from bench.training.views import ViewBatches

    def features(seed: int, epoch: int) -> np.ndarray:
        inputs = small.inputs(views(small, seed=seed))[0]
        assert inputs.train is None
        batches = ViewBatches(inputs.views, inputs.strong_views, inputs.observed, seed)
        batches.set_epoch(epoch)
        rows = np.random.default_rng(0).permutation(24)
        batch = batches[rows]
        assert batch["strong"] is None
        assert torch.equal(batch["rows"], torch.from_numpy(rows))
        assert torch.equal(batch["labels"], torch.from_numpy(inputs.observed[rows]))
        cached = np.stack([view.pooled[rows] for view in inputs.views])
        same = (cached == batch["features"].pooled.numpy()).all(axis=2)
        assert (same.sum(axis=0) == 1).all(), "each image's features are those of one of its own views"
        chosen = same.argmax(axis=0)
        dense = np.stack([inputs.views[k].dense[row] for k, row in zip(chosen, rows, strict=True)])
        assert np.array_equal(batch["features"].dense.numpy(), dense.astype(np.float32))
        return chosen

    one = features(0, 0)
    assert np.array_equal(one, features(0, 0))
    assert set(one) == {0, 1, 2}
    assert not np.array_equal(one, features(0, 1))
    assert not np.array_equal(one, features(1, 0))


def test_views_are_encoded_once_for_all_seeds_and_are_not_the_plain_image(small, monkeypatch):
    inputs = small.inputs(views(small, strong="strong"))[0]
    plain = small.inputs(make_cell(small, "toy_linear"))[0].train
    every = [plain, *inputs.views, *inputs.strong_views]
    assert len(every) == 7
    pooled = np.stack([features.pooled for features in every])
    for i in range(len(every)):
        for j in range(i):
            assert (pooled[i] != pooled[j]).any(axis=1).mean() > 0.9

    def encoded_again(*args, **kwargs):
        raise AssertionError("these views were cached")

    fresh = Resources(small.dataset, small.device, small.cache, progress=quiet)
    monkeypatch.setattr(type(small.images.backbone(views(small).backbone)), "encode_images", encoded_again)
    again = fresh.inputs(views(fresh, seed=5, strong="strong"))[0]
    assert np.array_equal(again.views[1].pooled, inputs.views[1].pooled)


def test_a_cached_view_is_the_augmented_image_encoded(small):
    from bench.features.augmentation import AUGMENTATIONS
    from bench.system.seeding import numpy_stream
    from bench.training.live import augmented_image

    cell = views(small)
    backbone = small.images.backbone(cell.backbone)
    rng = numpy_stream("augment", "cached", "tai", 1, 6)
    image = augmented_image(small.dataset.train.images[6], AUGMENTATIONS.get("tai")(), rng, backbone.resize)
    expected = backbone.encode_images(backbone.preprocess(image)[None]).pooled[0].numpy()
    assert small.inputs(cell)[0].views[1].pooled[6] == pytest.approx(expected, abs=1e-5)


def test_views_train_the_same_bits_twice_and_resume(small, tmp_path):
    class Killed(BaseException):
        pass

    def watch(now: int, record: dict) -> None:
        if now == 2:
            raise Killed

    cell = views(small, strong="strong")
    expected = run(cell, small, tmp_path / "straight")
    with pytest.raises(Killed):
        run(cell, small, tmp_path / "resumed", watch)
    outcome = run(cell, small, tmp_path / "resumed")
    assert_same_training(tmp_path / "straight", tmp_path / "resumed")
    assert_same_scores(outcome.logits, expected.logits)
    run(make_cell(small, "toy_linear", **SHORT), small, tmp_path / "plain")
    assert not all(
        same_bits(a, b)
        for a, b in zip(
            final_parameters(tmp_path / "plain").values(), final_parameters(tmp_path / "straight").values(), strict=True
        )
    )


def test_the_cache_is_asked_for_a_variant(small, tmp_path):
    """The agreed call: another variant is another entry, and `prepare` sees every image with its number."""
    calls = []

    def prepare(image, index):
        calls.append(index)
        return image.rotate(180)

    cell = make_cell(small, "asl")
    split, backbone = small.dataset.test, small.images.backbone(cell.backbone)
    upside = cached_features(
        part="test", split=split, dataset=cell.dataset, backbone=backbone, component=cell.backbone, cache=tmp_path,
        progress=lambda done, total: None, variant={"turned": 180}, prepare=prepare,
    )  # fmt: skip
    assert sorted(calls) == list(range(12))
    expected = backbone.encode_images(backbone.preprocess(split.images[4].rotate(180))[None]).pooled[0].numpy()
    assert upside.pooled[4] == pytest.approx(expected, abs=1e-5)
