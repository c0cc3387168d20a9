"""DualCoOp against a second implementation: loops over images, classes and positions, in NumPy."""

import dataclasses

import numpy as np
import pytest
import torch
from helpers.toy_world import Data, build_task, hide

from bench.errors import UsageError
from bench.settings.conversion import build
from methods import Batch, Task
from methods.baselines.dualcoop import DualCoOp, DualCoOpConfig, scales


def normal(v: np.ndarray) -> np.ndarray:
    return v / np.linalg.norm(v)


def naive_logits(dense, position, negative, positive, spatial: float, output: float) -> np.ndarray:
    """(2, B, C): negative and positive logits, written down from the description of the official forward pass."""
    logits = np.zeros((2, len(dense), len(positive)))
    for b, image in enumerate(dense):
        tokens = [image.mean(axis=0), *image]
        tokens = [normal(token + place) for token, place in zip(tokens, position, strict=True)]
        for c in range(len(positive)):
            s_neg = np.array([spatial * normal(negative[c]) @ token for token in tokens])
            s_pos = np.array([spatial * normal(positive[c]) @ token for token in tokens])
            weight = np.exp(s_pos) / np.exp(s_pos).sum()
            logits[:, b, c] = output * (weight @ s_neg), output * (weight @ s_pos)
    return logits


def naive_loss(z_neg: np.ndarray, z_pos: np.ndarray, labels: np.ndarray) -> float:
    loss = 0.0
    for b, c in np.argwhere(labels != 0):
        p_pos = 1 / (1 + np.exp(z_neg[b, c] - z_pos[b, c]))
        p_neg = min(1 - p_pos + 0.05, 1)
        loss -= (1 - p_pos) * np.log(max(p_pos, 1e-6)) if labels[b, c] == 1 else (1 - p_neg) ** 2 * np.log(p_neg)
    return loss


def model_on(task: Task, **settings) -> DualCoOp:
    torch.manual_seed(0)
    model = DualCoOp(DualCoOpConfig(**settings), task)
    with torch.no_grad():
        for contexts in model.parameters():
            contexts.mul_(30)  # far enough from each other that every term of the formulas shows
    return model


def reference(model: DualCoOp, data: Data, spatial: float, output: float) -> np.ndarray:
    with torch.no_grad():
        texts = [prompts().double().numpy() for prompts in (model.negative, model.positive)]
    dense, position = data.features.dense.double().numpy(), model.task.position.double().numpy()
    return naive_logits(dense, position, *texts, spatial, output)


@pytest.mark.parametrize("class_specific", [True, False])
def test_scores_and_loss_are_the_official_ones(task: Task, data: Data, class_specific: bool) -> None:
    model = model_on(task, class_specific=class_specific)
    z_neg, z_pos = reference(model, data, spatial=20, output=5)
    np.testing.assert_allclose(model.score(data.features).numpy(), z_pos - z_neg, rtol=1e-3, atol=1e-3)

    observed = hide(data.labels)
    loss = model.loss(Batch(data.features, observed, torch.arange(40)))["loss_asl"].item()
    assert loss == pytest.approx(0.03 * naive_loss(z_neg, z_pos, observed.numpy()), rel=1e-3)


def test_the_score_ranks_as_the_softmax_does(task: Task, data: Data) -> None:
    model = model_on(task, spatial_scale=5.0, output_scale=1.0)  # no two probabilities round to 1
    z_neg, z_pos = reference(model, data, spatial=5, output=1)
    probability = np.exp(z_pos) / (np.exp(z_pos) + np.exp(z_neg))
    assert (model.score(data.features).numpy().argsort(axis=0) == probability.argsort(axis=0)).all()


def test_both_prompts_of_all_classes_go_through_the_tower_at_once(task: Task, data: Data) -> None:
    model = model_on(task)
    task.text.runs = 0
    model.loss(Batch(data.features, data.labels, torch.arange(40)))
    assert task.text.runs == 1
    score = model.scorer()
    score(data.features)
    score(data.features)
    assert task.text.runs == 2


def test_positions_and_the_mean_token_take_part(task: Task, data: Data) -> None:
    """Moving a token's position, the first of which is the mean token's, moves the scores."""
    scores = model_on(task).score(data.features)
    for row in (0, 4):
        position = task.position.clone()
        position[row] += 1
        moved = model_on(dataclasses.replace(task, position=position)).score(data.features)
        assert not torch.allclose(moved, scores, atol=1e-2)


@pytest.mark.parametrize("pair", [(20.0, 5.0), ("checkpoint", 5.0), (20.0, "checkpoint"), ("checkpoint", "checkpoint")])
def test_every_tie_is_the_official_pair_at_the_scale_of_released_clips(pair: tuple) -> None:
    assert scales(*pair, logit_scale=100.0) == pytest.approx((20, 5))


def test_ties_follow_the_checkpoint() -> None:
    assert scales("checkpoint", 5.0, 12.0) == pytest.approx((2.4, 5))
    assert scales(10.0, "checkpoint", 12.0) == pytest.approx((10, 1.2))
    spatial, output = scales("checkpoint", "checkpoint", 16.0)
    assert (spatial, output) == pytest.approx((8, 2))


def test_a_tied_model_uses_the_tied_scales(task: Task, data: Data) -> None:
    model = model_on(task, spatial_scale="checkpoint", output_scale="checkpoint")
    root = task.logit_scale**0.5
    z_neg, z_pos = reference(model, data, spatial=2 * root, output=root / 2)
    np.testing.assert_allclose(model.score(data.features).numpy(), z_pos - z_neg, rtol=1e-3, atol=1e-3)


def test_the_paper_recipes_are_the_official_settings() -> None:
    coco = build(DualCoOpConfig, DualCoOp.recipes["paper"], owner="dualcoop")
    voc = build(DualCoOpConfig, DualCoOp.recipes["paper-voc2007"], owner="dualcoop")
    assert (coco.optimizer, coco.lr, coco.weight_decay, coco.schedule) == ("sgd", 2e-3, 5e-4, "dassl_cosine")
    assert (coco.epochs, coco.batch_size, coco.n_ctx, coco.class_specific) == (50, 32, 16, True)
    assert (coco.gamma_pos, coco.gamma_neg, coco.clip, coco.reduction) == (1, 2, 0.05, "sum")
    assert dataclasses.replace(voc, lr=2e-3) == coco
    assert voc.lr == 1e-3


def test_scales_that_mean_nothing_are_refused() -> None:
    for value in ("0", "-1", "automatic"):
        with pytest.raises(UsageError, match=r"dualcoop.*spatial_scale"):
            build(DualCoOpConfig, {"spatial_scale": value}, owner="dualcoop")
    assert build(DualCoOpConfig, {"spatial_scale": "checkpoint"}, owner="dualcoop").spatial_scale == "checkpoint"


def test_shared_contexts_do_not_grow_with_classes(data: Data) -> None:
    def parameters(class_specific: bool) -> int:
        model = model_on(build_task(data.labels), class_specific=class_specific)
        return sum(p.numel() for p in model.parameters())

    assert parameters(True) == 5 * parameters(False) == 5 * 2 * 16 * 16
