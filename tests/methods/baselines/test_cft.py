"""CFT: average precision against scikit-learn, class by class against a loop, and what each part teaches."""

import dataclasses

import numpy as np
import pytest
import torch
from helpers.toy_world import Data, build_task, fit, hide
from sklearn.metrics import average_precision_score

from bench.errors import UsageError
from bench.settings.conversion import build
from methods import METHODS, Batch
from methods.losses import asymmetric_loss
from methods.structure.fine_tuning import fine_tuned, known_average_precision

CFT = METHODS.get("cft")
TUNING = {"lr": 1e-2, "steps": 60, "patience": 15, "gamma_neg": 4.0, "clip": 0.05}


def draw(images: int, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(images, 4, generator=generator)
    truth = x @ torch.tensor([[2.0, 0, 0, 0], [0, 2, 0, 0], [0, 0, 2, 0]]).T + torch.randn(
        images, 3, generator=generator
    )
    y = torch.where(truth > 0.5, 1, -1)
    return x, torch.where(torch.rand(y.shape, generator=generator) < 0.4, 0, y)


def test_average_precision_is_sklearns_over_known_labels_with_ties() -> None:
    generator = torch.Generator().manual_seed(0)
    scores = torch.randn(60, 4, generator=generator).mul(3).round()
    labels = torch.randint(-1, 2, (60, 4), generator=generator)
    labels[:, 3] = labels[:, 3].clamp(max=0)
    result = known_average_precision(scores, labels)
    for c in range(3):
        known = labels[:, c] != 0
        expected = average_precision_score(labels[known, c] > 0, scores[known, c])
        assert result[c].item() == pytest.approx(expected, abs=1e-12)
    assert result[3].isnan()


def test_classes_together_are_each_class_alone() -> None:
    train, held = draw(80, 0), draw(40, 1)
    weight, bias = torch.zeros(3, 4), torch.zeros(3)
    together = fine_tuned(weight, bias, train, held, **TUNING)
    for c in range(3):
        one = slice(c, c + 1)
        x, y = train
        w, b = weight[one].clone().requires_grad_(), bias[one].clone().requires_grad_()
        adam, best, idle = torch.optim.Adam([w, b], lr=1e-2), (0.0, None), 0
        truth, known = held[1][:, c], held[1][:, c] != 0
        for step in range(61):
            with torch.no_grad():
                scores = (held[0] @ w.T + b)[:, 0]
                precision = average_precision_score(truth[known] > 0, scores[known])
            if not step or precision > best[0]:
                best, idle = (precision, w.detach().clone()), 0
            else:
                idle += 1
            if idle == 15:
                break
            adam.zero_grad()
            asymmetric_loss(x @ w.T + b, y[:, one], gamma_pos=0, gamma_neg=4, clip=0.05, reduction="sum").backward()
            adam.step()
        torch.testing.assert_close(together[0][one], best[1], rtol=1e-4, atol=1e-5)
        assert together[2][c].item() >= 0


def test_a_class_without_both_known_labels_in_both_parts_stays() -> None:
    train, held = draw(80, 0), draw(40, 1)
    held[1][:, 1] = held[1][:, 1].clamp(max=0)
    weight, bias = torch.zeros(3, 4), torch.zeros(3)
    tuned, _, gain = fine_tuned(weight, bias, train, held, **TUNING)
    assert (tuned[1] == 0).all()
    assert gain[1] == 0
    assert (tuned[[0, 2]] != 0).any(dim=1).all()


def test_held_out_images_teach_nothing_and_no_epoch_but_the_last_is_kept(data: Data) -> None:
    observed = hide(data.labels)
    torch.manual_seed(0)
    model = CFT(CFT.Config(epochs=3, held_out=0.4, steps=0), build_task(observed))
    held = model.store.held
    assert 0.2 < held.float().mean() < 0.6
    flipped = torch.where(held[:, None], -observed, observed)
    losses = [model.loss(Batch(data.features, y, torch.arange(40)))["loss_cft"] for y in (observed, flipped)]
    assert losses[0] == losses[1]
    assert not len(model.store.vectors)
    fit(model, data._replace(labels=observed), 3)
    assert model.store.shown.all()


def test_fine_tuning_changes_the_head_once_and_not_for_the_worse_on_held_out_labels(data: Data) -> None:
    observed = hide(data.labels)
    result = {}
    for steps in (0, 200):
        torch.manual_seed(0)
        config = CFT.Config(epochs=3, steps=steps, tune_lr=1e-2, held_out=0.4)
        model = fit(CFT(config, build_task(observed)), data._replace(labels=observed), 3)
        held = model.store.held
        scores = model.score(data.features)[held]
        result[steps] = known_average_precision(scores, observed[held]).numpy(), model.head.weight.detach()
    assert not torch.equal(result[0][1], result[200][1])
    assert (result[200][0] >= result[0][0] - 1e-9).all()
    assert np.mean(result[200][0]) > np.mean(result[0][0])


@pytest.mark.parametrize("setting", [{"head": "attention"}, {"ema": 0.9}])
def test_what_it_cannot_fine_tune_is_refused(setting: dict) -> None:
    with pytest.raises(UsageError, match=next(iter(setting))):
        build(CFT.Config, setting, owner="cft")
    assert dataclasses.fields(CFT.Config)
