"""Live mode: it trains what it shall, resumes to the same bits, and gives the cache's features."""

from pathlib import Path

import numpy as np
import pytest
import torch
from helpers.comparisons import assert_same_scores, assert_same_training, checkpoint, losses
from helpers.live import SHORT, TRAINED, live
from helpers.trainings import make_cell, run

from bench.training.weights import restored
from methods import METHODS, Features, Method

pytestmark = [pytest.mark.usefixtures("toys"), pytest.mark.slow]


@pytest.fixture(scope="module")
def straight_live(small, tmp_path_factory):
    """An uninterrupted training of three epochs for each share of the encoder that is trained."""
    known: dict[str, tuple] = {}

    def train(what: str) -> tuple:
        if what not in known:
            cell = live(small, fed={**TRAINED, "train": what}, epochs=3, holdout=20)
            folder = tmp_path_factory.mktemp(what)
            known[what] = cell, run(cell, small, folder), folder
        return known[what]

    return train


@pytest.mark.parametrize("what", ["none", "last"])
def test_the_kept_weights_give_the_scores_again(what, straight_live, small):
    """What is trained of an encoder is kept with the method; a frozen one is the backbone's, and is not."""
    cell, outcome, _ = straight_live(what)
    assert any(name.startswith("image_encoder.") for name in outcome.weights) == (what == "last")
    model = restored(cell, small.task(cell), outcome.weights, small.device, small.images.live(cell))
    images = torch.stack(
        [small.images.backbone(cell.backbone).preprocess(image) for image in small.dataset.test.images]
    )
    cached = small.images.features(cell, "test")
    features = Features(*(torch.from_numpy(np.array(part)).float() for part in (cached.dense, cached.pooled)))
    with torch.no_grad():
        logits = model.scorer()(features if what == "none" else images).float().numpy()
    np.testing.assert_array_equal(logits, outcome.logits)


def encoder_state(folder: Path) -> dict[str, torch.Tensor]:
    return {name: value for name, value in checkpoint(folder)["state_dict"].items() if "image_encoder" in name}


def test_without_augmentation_a_frozen_encoder_gives_the_caches_features(small, tmp_path, monkeypatch):
    """To the cache's half precision; and so the training is nearly the same."""
    recorded: list[tuple[torch.Tensor, Features]] = []
    forward = Method.forward

    def spy(self, features, labels, rows, *rest, **more):
        recorded.append((rows, Features(*features)))
        return forward(self, features, labels, rows, *rest, **more)

    monkeypatch.setattr(Method, "forward", spy)
    cell = live(small, "dualcoop")
    outcome = run(cell, small, tmp_path / "live")
    plain = make_cell(small, "dualcoop", **SHORT)
    cached = small.inputs(plain)[0].train
    for rows, features in recorded:
        assert torch.allclose(features.pooled, torch.from_numpy(cached.pooled[rows]), atol=1e-5)
        assert torch.allclose(features.dense, torch.from_numpy(cached.dense[rows]).float(), atol=2e-3, rtol=2e-3)
        assert features.dense.dtype == torch.float32
        assert not features.dense.requires_grad
    expected = run(plain, small, tmp_path / "plain")
    assert outcome.logits == pytest.approx(expected.logits, abs=2e-2)
    assert outcome.trainable_parameters == expected.trainable_parameters
    for one, other in zip(losses(tmp_path / "live"), losses(tmp_path / "plain"), strict=True):
        assert one["loss"] == pytest.approx(other["loss"], rel=1e-2)
    assert not encoder_state(tmp_path / "live"), "frozen weights need no place in a checkpoint"


def test_each_image_has_another_view_in_each_epoch_whatever_the_batches(small, tmp_path):
    """And strong views beside them; two seeds see different ones."""

    def pixels(seed: int, epoch: int, batch_size: int) -> tuple[torch.Tensor, torch.Tensor]:
        cell = live(small, fed={"augment": "weak", "strong": "strong"}, seed=seed, batch_size=batch_size)
        from bench.training.live import LiveBatches
        from bench.training.optimisation import training_arguments

        inputs = small.inputs(cell)[0]
        loader = training_arguments(cell, inputs, True)["train_dataloader"]
        assert isinstance(loader.dataset, LiveBatches)
        loader.sampler.set_epoch(epoch)
        loader.dataset.set_epoch(epoch)
        batches = list(loader)
        rows = torch.cat([b["rows"] for b in batches])
        assert sorted(rows.tolist()) == list(range(24))
        for batch in batches:
            assert torch.equal(batch["labels"], torch.from_numpy(inputs.observed)[batch["rows"]])
        back = rows.argsort()
        return torch.cat([b["images"] for b in batches])[back], torch.cat([b["strong"] for b in batches])[back]

    weak, strong = pixels(0, 0, 16)
    again, again_strong = pixels(0, 0, 7)
    assert torch.equal(weak, again)
    assert torch.equal(strong, again_strong)
    assert weak.shape == strong.shape == (24, 3, 64, 64)
    for other in (strong, pixels(0, 1, 16)[0], pixels(1, 0, 16)[0]):
        assert all(not torch.equal(a, b) for a, b in zip(weak, other, strict=True))


def test_a_method_gets_the_strong_view(small, tmp_path, monkeypatch):
    batches = []
    monkeypatch.setattr(
        Method, "loss", lambda self, batch: batches.append(batch) or {"loss": self.head.weight.sum() * 0}, raising=True
    )
    monkeypatch.delattr(METHODS.get("toy_linear"), "loss")
    for fed in ({"augment": "weak", "strong": "strong"}, {"augment": "weak"}):
        run(live(small, fed=fed, epochs=1), small, tmp_path / str(len(fed)))
    with_strong = [batch for batch in batches if batch.strong is not None]
    assert len(with_strong) == len(batches) / 2
    for batch in with_strong:
        assert batch.strong.dense.shape == batch.features.dense.shape
        assert not torch.equal(batch.strong.pooled, batch.features.pooled)


@pytest.mark.parametrize("train", ["none", "last", "all"])
def test_equal_cells_give_equal_bits(train, small, straight_live, tmp_path):
    cell, expected, folder = straight_live(train)
    torch.rand(17)
    assert_same_scores(run(cell, small, tmp_path).logits, expected.logits)
    assert_same_training(folder, tmp_path)


@pytest.mark.parametrize("epoch", [1, 2, 3])
@pytest.mark.parametrize("train", ["none", "last", "all"])
def test_cut_off_it_goes_on_to_the_same_bits(train, epoch, small, straight_live, tmp_path):
    """Encoder, its average, its optimiser state and the augmentation of the epochs to come."""

    class Killed(BaseException):
        pass

    def watch(now: int, record: dict) -> None:
        if now == epoch:
            raise Killed

    cell, expected, folder = straight_live(train)
    with pytest.raises(Killed):
        run(cell, small, tmp_path, watch)
    outcome = run(cell, small, tmp_path)
    assert_same_training(folder, tmp_path)
    assert_same_scores(outcome.logits, expected.logits)
    if epoch == 3:
        assert_same_scores(run(cell, small, tmp_path).logits, expected.logits)
