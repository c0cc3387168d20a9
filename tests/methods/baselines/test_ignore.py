"""IGNORE: maps, masked logits and running means by hand, and the loss of a step by formula."""

import numpy as np
import pytest
import torch
from helpers.loss_formulas import entry, guarded
from helpers.toy_world import Data, build_task, hide

from methods import METHODS, Batch
from methods.baselines.ignore import InformationGap, scaled_maps
from methods.layers.heads import unit

Ignore = METHODS.get("ignore")


def test_maps_are_scaled_over_an_image_or_as_released_over_the_batch() -> None:
    maps = torch.tensor([[1.0, 3.0, 2.0], [0.0, 3.0, 6.0]])
    np.testing.assert_allclose(scaled_maps(maps, "image"), [[0, 1, 0.5], [0, 0.5, 1]])
    np.testing.assert_allclose(scaled_maps(maps, "batch"), [[1, 0, 0], [0, 0, 1]])


def drawn(data: Data, **settings: object):
    labels = hide(data.labels)
    model = Ignore(Ignore.Config(**settings), build_task(labels))
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for part in model.head.parameters():
            part.normal_(generator=generator)
    return model, labels


def test_masked_logits_pool_what_the_known_object_leaves(data: Data) -> None:
    """Against a loop, where each image has one known positive at most; without one it stays whole."""
    model, labels = drawn(data, keep=0.4)
    first = (labels > 0).float().argmax(dim=1)
    labels = torch.zeros_like(labels).scatter_(1, first[:, None], (labels > 0).any(dim=1, keepdim=True).to(torch.int8))
    result = model.masked_logits(data.features, labels).double().numpy()
    x = unit(data.features.dense).double().numpy()
    w, q, b = (getattr(model.head, part).detach().double().numpy() for part in ("weight", "query", "bias"))
    for i, row in enumerate(labels.numpy()):
        kept = np.ones(9, bool)
        if (row > 0).any():
            own = x[i] @ w[row.argmax()]
            kept = (own - own.min()) / (own.max() - own.min()) > 0.4
            assert 0 < kept.sum() < 9
        guide = np.exp(x[i][kept] @ q.T)
        expected = (guide / guide.sum(axis=0) * (x[i][kept] @ w.T)).sum(axis=0) + b
        np.testing.assert_allclose(result[i], expected, rtol=1e-3, atol=1e-4)
    assert (labels > 0).any(dim=1).sum() > 10


def test_an_image_of_which_nothing_is_left_has_the_bias() -> None:
    model = Ignore(Ignore.Config(), build_task(torch.ones(2, 5, dtype=torch.int8)))  # maps of zeros keep nothing
    with torch.no_grad():
        model.head.bias.fill_(-2.0)
    from helpers.toy_world import draw_toy_data

    masked = model.masked_logits(draw_toy_data(2, 0).features, torch.ones(2, 5, dtype=torch.int8))
    assert (masked == -2).all()


def test_running_means_start_at_zero_and_wait_for_a_positive() -> None:
    running = InformationGap(2, decay=0.9)
    gaps, z = torch.tensor([[2.0, 4.0], [6.0, 8.0]]), torch.tensor([[1.0, -1.0], [3.0, -3.0]])
    running.update(gaps, z, torch.tensor([[True, False], [False, True]]))
    assert running.gap.item() == pytest.approx(0.1 * 5)
    np.testing.assert_allclose(running.level, [0.2, -0.2], rtol=1e-6)
    running.update(gaps, z, torch.zeros(2, 2, dtype=torch.bool))
    assert running.gap.item() == pytest.approx(0.5), "NaN in the released code"
    np.testing.assert_allclose(running.level, [0.38, -0.38], rtol=1e-6)


@pytest.mark.parametrize("epoch", [2, 3])
def test_a_step_is_the_formula(data: Data, epoch: int) -> None:
    model, labels = drawn(data, drop=0.0, decay=0.5, keep=0.4)
    model.start_epoch(epoch)
    e = entry(model.score(data.features), labels)
    torch.manual_seed(1)
    masked = model.masked_logits(data.features, labels).double().numpy()
    torch.manual_seed(1)  # the same known positive of several
    terms = {name: value.item() for name, value in model.loss(Batch(data.features, labels, torch.arange(40))).items()}
    gap = np.abs(e.z - masked)
    rejected = e.unknown & (gap > 0.5 * gap[e.positive].mean()) & (e.z > 0.5 * e.z.mean(axis=0)) & (epoch >= 3)
    assert rejected.any() == (epoch == 3)
    entries = np.where(e.positive, guarded(e.p), guarded(e.q))
    assert terms["loss_an"] == pytest.approx(entries[~rejected].mean(), rel=1e-3)
    assert terms["loss_positive"] == pytest.approx(0.1 * guarded(e.p)[e.positive].mean(), rel=1e-4)
    assert terms["loss_agreement"] == 0
    assert terms["rejected_share"] == pytest.approx(rejected.mean(), abs=1e-6)


def test_both_views_agree_by_the_square(data: Data) -> None:
    model, labels = drawn(data, drop=0.5)
    batch = Batch(
        data.features, labels, torch.arange(40), strong=data.features._replace(dense=data.features.dense.flip(0))
    )
    terms = model.loss(batch)
    z = model.score(data.features)
    assert terms["loss_agreement"].item() == pytest.approx(0.5 * (z - z.flip(0)).square().mean().item(), rel=1e-4)
