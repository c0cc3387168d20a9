"""AEVLP: pseudo-labels from tiles by hand and by formula, and the loss of a whole step."""

import numpy as np
import pytest
import torch
from helpers.loss_formulas import entry, guarded
from helpers.toy_world import Data, build_task, hide

from methods import METHODS, Batch
from methods.baselines.aevlp import tile_labels, tile_tokens

AEVLP = METHODS.get("aevlp")
ROWS = torch.arange(40)


def test_tiles_are_means_of_their_tokens() -> None:
    dense = torch.arange(24.0).reshape(1, 12, 2)  # a grid of 4 x 3
    tiles = tile_tokens(dense, (4, 3), 2)
    grid = dense.view(4, 3, 2)
    np.testing.assert_allclose(tiles[0, 0], grid[:2, :2].mean(dim=(0, 1)))
    np.testing.assert_allclose(tiles[0, 3], grid[2:, 1:].mean(dim=(0, 1)))
    assert tile_tokens(dense, (4, 3), 9).shape == (1, 12, 2), "no more tiles than tokens"


def test_pseudo_labels_by_hand() -> None:
    """Known: class 0 at 0.2, so that eta is 0.1; class 1 has tiles above it, class 2 below, class 3 is the lowest."""
    whole = torch.tensor([[0.2, 0.5, 0.3, 0.0]])
    tiles = torch.tensor([[[0.1, 0.8, 0.09, 0.01], [0.7, 0.2, 0.05, 0.0]]])
    labels = torch.tensor([[1, 0, 0, 0]])
    options = {"cap": 0.1, "threshold": 0.3, "top": 3, "lowest": 0.25}
    positive, lowest = tile_labels(whole, tiles, labels, **options)
    # scores: (0.2 + 0.7) / 2, (0.5 + 0.8) / 2, (0.3 + 0.05) / 2, 0.005
    assert positive.tolist() == [[True, True, False, False]]
    assert lowest.tolist() == [[False, False, False, True]]
    assert tile_labels(whole, tiles, labels, **{**options, "cap": 0.0})[0].tolist() == [[True, True, False, False]]
    assert tile_labels(whole, tiles, labels, **{**options, "top": 1})[0].tolist() == [[False, True, False, False]]
    lowered = {**options, "threshold": 0.17}
    assert tile_labels(whole, tiles, labels, **lowered)[0].tolist() == [[True, True, True, False]]
    no_eta = {**options, "threshold": 0.19}  # without a known positive eta is 0: class 2 has (0.3 + 0.09) / 2
    assert not tile_labels(whole, tiles, labels, **no_eta)[0][0, 2]
    assert tile_labels(whole, tiles, torch.zeros_like(labels), **no_eta)[0][0, 2]
    all_low = {**options, "lowest": 1.0}
    assert not tile_labels(whole, tiles, labels, **all_low)[0].any(), "the lowest classes are no positives"


@pytest.mark.parametrize("pseudo_negatives", [False, True])
def test_a_whole_step_is_the_formula(data: Data, pseudo_negatives: bool) -> None:
    labels = hide(data.labels)
    config = AEVLP.Config(
        threshold=0.3, penalty=0.5, expected_positives=1.5, epochs=4, pseudo_negatives=pseudo_negatives
    )
    model = AEVLP(config, build_task(labels))
    with torch.no_grad():
        model.head.bias.normal_()
    model.start_epoch(2)
    loss = model.loss(Batch(data.features, labels, ROWS))["loss_aevlp"].item()
    positive, lowest = (part.numpy() for part in model.pseudo_labels(data.features, labels))
    e = entry(model.score(data.features), labels)
    assert 0 < (positive & e.unknown).sum() < e.unknown.sum()
    slope, offset, center, width = 5.0, -5.0, 0.5 + 0.3 * 0.75, 2 - 1.5 * 0.75
    k = 1 / (1 + np.exp(-(slope * e.p + offset)))
    v = np.exp(-(((e.p - center) / width) ** 2) / 2)
    unknown = v * (k * (1 - e.p**0.01) / 0.01 + (1 - k) * e.p)
    yes, no = guarded(e.p, 1e-7), guarded(e.q, 1e-7)
    if pseudo_negatives:
        unknown = np.where(lowest, v * no, unknown)
    unknown = np.where(positive, np.clip(1 - v, 0.5, 0.7) * (0.9 * yes + 0.1 * no), unknown)
    entries = np.where(e.positive, yes, np.where(e.negative, no, unknown))
    penalty = ((e.p.sum() / 40 - 1.5) / 5) ** 2
    assert loss == pytest.approx(entries.mean() + 0.5 * penalty, rel=1e-4)


def test_known_negatives_can_be_thrown_away(data: Data) -> None:
    labels = hide(data.labels)
    model = AEVLP(AEVLP.Config(known_negatives=False), build_task(labels))
    losses = [model.loss(Batch(data.features, y, ROWS))["loss_aevlp"].item() for y in (labels, labels.clamp(min=0))]
    assert losses[0] == losses[1]
    positive = labels > 0
    assert model.expected == pytest.approx(positive.sum().item() / positive.any(dim=1).sum().item())
