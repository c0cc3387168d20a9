"""SR+CR: salient positions, sure labels, two views, and what stands in for a strong one."""

import numpy as np
import pytest
import torch
from helpers.toy_world import Data, build_task, draw_toy_data, hide
from torch import Tensor

from methods import METHODS, Batch
from methods.baselines.sr_cr import salient_logits, sure_labels
from methods.layers.token_dropout import TokenDropout


@pytest.fixture
def observed(data: Data) -> Tensor:
    return hide(data.labels)


def build(data: Data, observed: Tensor, **options):
    sr_cr = METHODS.get("sr_cr")
    model = sr_cr(sr_cr.Config(**options), build_task(observed))
    with torch.no_grad():
        model.head.weight.normal_(std=0.3, generator=torch.Generator().manual_seed(0))
    return model


def bce(logits: Tensor, labels: np.ndarray) -> np.ndarray:
    p = 1 / (1 + np.exp(-logits.detach().double().numpy()))
    return np.where(labels == 1, -np.log(p), np.where(labels == -1, -np.log(1 - p), 0))


def test_salient_positions_count_on_top_of_the_mean() -> None:
    maps = torch.tensor([[[1.0, 0.0], [2.0, 0.0], [3.0, -6.0]]])
    assert salient_logits(maps, 0.5, 2).tolist() == [[2.0 + 0.5 * 2.5, -2.0 + 0.5 * 0.0]]
    assert salient_logits(maps, 0.0, 2).tolist() == [[2.0, -2.0]]
    assert salient_logits(maps, 0.5, 9).tolist() == [[3.0, -3.0]], "fewer positions than asked for"


def test_sure_labels_are_those_of_unknown_entries_from_the_threshold_on() -> None:
    p = torch.tensor([[0.61, 0.59, 0.41, 0.39, 0.9, 0.1, 0.9]])
    labels = torch.tensor([[0, 0, 0, 0, 1, -1, -1]], dtype=torch.int8)
    assert sure_labels(torch.logit(p), labels, 0.6).tolist() == [[1, 0, 0, -1, 0, 0, 0]]
    assert sure_labels(torch.zeros(1, 7), labels, 0.5 + 1e-6).tolist() == [[0] * 7]


def test_the_loss_with_two_views_is_the_formula(data: Data, observed: Tensor) -> None:
    strong, y = draw_toy_data(40, seed=5).features, observed.numpy()
    model = build(data, observed, consistency=0.8).train()
    losses = model.loss(Batch(data.features, observed, torch.arange(40), strong))
    weak_logits, strong_logits = model.logits(data.features), model.logits(strong)
    known = (bce(weak_logits, y) + bce(strong_logits, y)).sum() / (2 * (y != 0).sum())
    p = 1 / (1 + np.exp(-weak_logits.detach().numpy()))
    sure = np.where(y == 0, (p >= 0.6).astype(int) - (p <= 0.4).astype(int), 0)
    assert (sure == 1).any()
    assert (sure == -1).any()
    assert losses["loss_known"].item() == pytest.approx(known, rel=1e-5)
    consistency = 0.8 * bce(strong_logits, sure).sum() / (sure != 0).sum()
    assert losses["loss_consistency"].item() == pytest.approx(consistency, rel=1e-5)
    assert losses["sure_share"].item() == pytest.approx((sure != 0).sum() / (y == 0).sum())


def test_pseudo_labels_teach_the_strong_view_only(data: Data, observed: Tensor) -> None:
    """The weak view's features have no part in the gradient of the consistency term."""
    weak = data.features._replace(dense=data.features.dense.clone().requires_grad_())
    strong = draw_toy_data(40, seed=5).features
    strong = strong._replace(dense=strong.dense.requires_grad_())
    model = build(data, observed).train()
    model.loss(Batch(weak, observed, torch.arange(40), strong))["loss_consistency"].backward()
    assert weak.dense.grad is None
    assert strong.dense.grad.abs().sum() > 0


def test_known_labels_are_averaged_over_the_known_alone(data: Data, observed: Tensor) -> None:
    """The same images among others without any known label cost the same: not the mean over all entries."""
    model = build(data, observed, consistency=0.0, both_views=False)
    rows = torch.arange(40)
    alone = model.loss(Batch(data.features, observed, rows))["loss_known"]
    twice = type(data.features)(*(torch.cat([x, x]) for x in data.features))
    padded = model.loss(Batch(twice, torch.cat([observed, torch.zeros_like(observed)]), torch.cat([rows, rows])))
    torch.testing.assert_close(alone, padded["loss_known"])
    assert alone.item() == pytest.approx(bce(model.logits(data.features), observed.numpy()).sum()
                                         / (observed != 0).sum().item(), rel=1e-5)  # fmt: skip


def test_without_a_strong_view_positions_are_left_out_in_training_only(data: Data, observed: Tensor) -> None:
    batch = Batch(data.features, observed, torch.arange(40))
    model = build(data, observed, drop_tokens=0.5).train()
    torch.manual_seed(0)
    one = model.loss(batch)["loss_known"]
    assert model.loss(batch)["loss_known"] != one
    torch.manual_seed(0)
    assert model.loss(batch)["loss_known"] == one
    assert torch.equal(model.score(data.features), model.score(data.features))
    still = build(data, observed, drop_tokens=0.0).train()
    assert still.loss(batch)["loss_known"] == still.loss(batch)["loss_known"]
    torch.testing.assert_close(
        still.loss(batch)["loss_known"], build(data, observed, both_views=False).loss(batch)["loss_known"]
    )


def test_dropped_tokens_are_dropped_whole_and_differ_from_image_to_image() -> None:
    tokens = torch.arange(8 * 10 * 3.0).reshape(8, 10, 3)
    torch.manual_seed(0)
    drop = TokenDropout(0.3)
    kept = drop(tokens)
    assert kept.shape == (8, 7, 3)
    ids = kept[..., 0] / 3 - 10 * torch.arange(8)[:, None]
    assert torch.equal(kept, tokens.gather(1, ids.long()[..., None].expand(-1, -1, 3)))
    assert all(len(set(row)) == 7 for row in ids.tolist())
    assert len({tuple(sorted(row)) for row in ids.tolist()}) > 1
    assert TokenDropout(0.99)(tokens).shape == (8, 1, 3)
    assert torch.equal(drop.eval()(tokens), tokens)
