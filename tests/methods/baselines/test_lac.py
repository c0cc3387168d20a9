"""LAC: sure labels, the queue and the contrast, by hand and against loops, and a step of each stage."""

import numpy as np
import pytest
import torch
from helpers.loss_formulas import entry
from helpers.toy_world import Data, build_task, hide
from torch.nn import functional as F

from methods import METHODS, Batch
from methods.baselines.lac import sure_chances
from methods.losses.supervised_contrast import supervised_contrast
from methods.structure.pair_queue import PairQueue

LAC = METHODS.get("lac")


def test_sure_labels_by_hand() -> None:
    """Chances 0.9, 0.55, 0.35 of unknown labels, and known ones that the model doubts."""
    z = torch.logit(torch.tensor([[0.9, 0.55, 0.35, 0.2, 0.95]]))
    labels = torch.tensor([[0, 0, 0, 1, -1]])
    assert sure_chances(z, labels, 0.6).tolist() == [[1, 0, -1, 1, -1]]
    assert sure_chances(z, labels, 0.9).tolist() == [[1, 0, 0, 1, -1]]


def test_the_contrast_against_a_loop() -> None:
    generator = torch.Generator().manual_seed(0)
    views = F.normalize(torch.randn(2, 6, 4, generator=generator), dim=-1)
    classes = torch.tensor([0, 1, 1, 2, 0, 1])
    v, c = views.flatten(0, 1).double().numpy(), np.tile(classes.numpy(), 2)
    losses = []
    for i in range(12):
        others = [k for k in range(12) if k != i]
        total = sum(np.exp(v[i] @ v[k] / 0.5) for k in others)
        losses.append(np.mean([-np.log(np.exp(v[i] @ v[j] / 0.5) / total) for j in others if c[j] == c[i]]))
    assert supervised_contrast(views, classes).item() == pytest.approx(np.mean(losses), rel=1e-5)
    nothing = views[:, :0].requires_grad_()
    assert supervised_contrast(nothing, classes[:0]).item() == 0


def test_the_queue_goes_round_and_only_new_pairs_have_a_gradient() -> None:
    queue = PairQueue(4, 1, torch.device("cpu"))

    def put(*values: float) -> list[float]:
        new = torch.tensor(values, dtype=torch.float32).view(1, -1, 1).expand(2, -1, -1).clone().requires_grad_()
        pairs, classes = queue(new, torch.tensor(values).long())
        assert pairs[0, :, 0].tolist() == classes.float().tolist() == pairs[1, :, 0].tolist()
        (gradient,) = torch.autograd.grad(pairs.sum(), new)
        assert (gradient[:, -4:] == 1).all()
        return sorted(classes.tolist())

    assert put(1, 2, 3) == [1, 2, 3]
    assert put(4, 5) == [2, 3, 4, 5]
    assert put(6) == [3, 4, 5, 6]
    assert put(7, 8, 9, 10, 11, 12) == [9, 10, 11, 12]


def test_both_stages_are_the_formula(data: Data) -> None:
    labels = hide(data.labels)
    torch.manual_seed(0)
    model = LAC(
        LAC.Config(epochs=4, second_stage=0.5, threshold=0.55, early_threshold=0.51, drop=0.0), build_task(labels)
    )
    model.eval()  # without dropout both views are one
    e = entry(model.score(data.features), labels)
    for epoch, threshold in ((1, 0.51), (2, 0.55)):
        model.start_epoch(epoch)
        terms = {
            name: value.item() for name, value in model.loss(Batch(data.features, labels, torch.arange(40))).items()
        }
        assert terms["loss_bce"] == pytest.approx(np.where(e.positive, e.yes, e.no).mean(), rel=1e-4)
        chance = np.where(e.unknown, e.p, e.positive)
        sure = np.where(chance >= threshold, e.yes, e.no)[(chance >= threshold) | (chance < 1 - threshold)]
        assert terms["loss_consistency"] == pytest.approx(sure.mean(), rel=1e-4)
        assert ("loss_contrast" in terms) == (epoch == 2)
    image, which = (torch.from_numpy(chance) >= 0.55).nonzero(as_tuple=True)
    states = model.head.look(data.features.dense)[0][image, which]
    vectors = F.normalize(model.projector(states), dim=-1).detach()
    contrast = supervised_contrast(vectors.expand(2, -1, -1), which).item()
    assert terms["loss_contrast"] == pytest.approx(contrast, rel=1e-4)
    assert (model.pairs.classes >= 0).sum() == len(which)
