"""CoOp and the rebuilt DualCoOps against second implementations: loops over images, classes and positions, in NumPy."""

import dataclasses
import math

import numpy as np
import pytest
import torch
from helpers.toy_world import Data, build_task, hide

from bench.errors import UsageError
from bench.settings.config import build
from methods import METHODS, Batch, Features, Method, Task
from methods.baselines.coop import CoOp, CoOpConfig
from methods.baselines.dualcoop import DualCoOp, DualCoOpConfig
from methods.baselines.dualcoop_pp import DualCoOpPP, DualCoOpPPConfig, winner_take_all
from methods.baselines.dualcoop_tai import DualCoOpTaI, DualCoOpTaIConfig
from methods.baselines.positive_coop import (
    NegativeCoOp,
    OneSidedConfig,
    PositiveCoOp,
    VisionOnly,
    VisionOnlyConfig,
)
from methods.layers.scales import LearnedScale, tied

ROWS = torch.arange(40)


def normal(v: np.ndarray) -> np.ndarray:
    return v / np.linalg.norm(v, axis=-1, keepdims=True)


def softmax(v: np.ndarray) -> np.ndarray:
    return np.exp(v - v.max()) / np.exp(v - v.max()).sum()


def started(kind: type[Method], config, task: Task) -> Method:
    """A model whose contexts are far enough from each other that every term of the formulas shows."""
    torch.manual_seed(0)
    model = kind(config, task)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "contexts" in name:
                parameter.mul_(30)
    return model


def as_numpy(*texts: torch.Tensor) -> list[np.ndarray]:
    return [text.detach().double().numpy() for text in texts]


def naive_asl(z: np.ndarray, labels: np.ndarray) -> float:
    """gamma+ 1, gamma- 2, clip 0.05; summed over known labels."""
    loss = 0.0
    for b, c in np.argwhere(labels != 0):
        p = 1 / (1 + math.exp(-z[b, c]))
        q = min(1 - p + 0.05, 1)
        loss -= (1 - p) * math.log(p) if labels[b, c] == 1 else (1 - q) ** 2 * math.log(q)
    return loss


def check(model: Method, data: Data, expected: np.ndarray, weight: float) -> None:
    """Scores are `expected`, and the loss is `weight` times the ASL of them over the known labels."""
    np.testing.assert_allclose(model.score(data.features).numpy(), expected, rtol=1e-3, atol=1e-3)
    observed = hide(data.labels)
    loss = model.loss(Batch(data.features, observed, ROWS))["loss_asl"].item()
    assert loss == pytest.approx(weight * naive_asl(expected, observed.numpy()), rel=1e-3)


# --- CoOp


@pytest.mark.parametrize("class_specific", [True, False])
def test_coop_is_the_scaled_cosine_with_the_pooled_vector(task: Task, data: Data, class_specific: bool) -> None:
    model = started(CoOp, CoOpConfig(class_specific=class_specific, n_ctx=4), task)
    with torch.no_grad():
        model.offset.fill_(-3.0)
    (text,) = as_numpy(model.prompts())
    expected = 12 * normal(data.features.pooled.double().numpy()) @ normal(text).T - 3
    check(model, data, expected, 1 / 40)


def test_dense_coop_weighs_positions_by_their_similarity(task: Task, data: Data) -> None:
    model = started(CoOp, CoOpConfig(pool="dense", n_ctx=4, scale=7.0, offset=False), task)
    (text,) = as_numpy(model.prompts())
    similarity = 7 * normal(data.features.dense.double().numpy()) @ normal(text).T
    expected = np.array([[softmax(column) @ column for column in image.T] for image in similarity])
    check(model, data, expected, 1 / 40)


def test_coop_started_at_a_sentence_is_zero_shot_clip(task: Task, data: Data) -> None:
    zero_shot = METHODS.get("clip_zero_shot")
    for pool in ("pooled", "dense"):
        coop = CoOp(CoOpConfig(pool=pool, n_ctx=4, ctx_init="a photo of a"), task)
        expected = zero_shot(zero_shot.Config(pool=pool), task).score(data.features)
        torch.testing.assert_close(coop.score(data.features), expected)


# --- DualCoOp of TaI-DPT's code


def test_dualcoop_tai_is_the_rebuilt_forward_pass(task: Task, data: Data) -> None:
    """No mean token, no positions; positives say where; the difference of both halves goes into a sigmoid."""
    model = started(DualCoOpTaI, DualCoOpTaIConfig(spatial_scale=6.0, output_scale=9.0), task)
    negative, positive = as_numpy(model.negative(), model.positive())
    tokens = normal(data.features.dense.double().numpy())
    expected = np.zeros((40, 5))
    for b, c in np.ndindex(40, 5):
        pos, neg = tokens[b] @ normal(positive[c]), tokens[b] @ normal(negative[c])
        expected[b, c] = 9 * (softmax(6 * pos) @ (pos - neg))
    check(model, data, expected, 1 / 40)


def test_positions_take_no_part_in_the_rebuilt_ones(task: Task, data: Data) -> None:
    elsewhere = dataclasses.replace(task, position=task.position + 1)
    for kind, config in ((DualCoOpTaI, DualCoOpTaIConfig()), (DualCoOpPP, DualCoOpPPConfig())):
        scores = [started(kind, config, where).score(data.features) for where in (task, elsewhere)]
        assert torch.equal(*scores)


def test_trained_scales_start_at_the_published_ones_for_released_clips(data: Data) -> None:
    task = dataclasses.replace(build_task(data.labels), logit_scale=100.0)
    tai, pp = DualCoOpTaI(DualCoOpTaIConfig(), task), DualCoOpPP(DualCoOpPPConfig(), task)
    assert (tai.spatial.log.item(), tai.output.log.item()) == pytest.approx((3.0, 3.91))
    assert pp.spatial.log.item() == pytest.approx(3.0)
    assert (math.log(pp.output_scale), pp.competition_scale) == pytest.approx((3.0, 200.0))
    assert all(p.requires_grad for p in (tai.spatial.log, tai.output.log, pp.spatial.log))


def test_scales_follow_the_checkpoint_or_a_number() -> None:
    assert tied("checkpoint", 40.0, 12.0) == pytest.approx(4.8)
    assert tied(7.0, 40.0, 12.0) == 7
    assert LearnedScale(4.8)().item() == pytest.approx(4.8)


@pytest.mark.parametrize(
    ("method", "option"),
    [
        ("coop", "scale"),
        ("dualcoop_tai", "output_scale"),
        ("dualcoop_pp", "competition_scale"),
        ("tai_dpt", "text_scale"),
    ],
)
@pytest.mark.parametrize("value", ["0", "-2", "auto"])
def test_scales_that_mean_nothing_are_refused(method: str, option: str, value: str) -> None:
    with pytest.raises(UsageError, match=rf"{method}.*{option}"):
        build(METHODS.get(method).Config, {option: value}, owner=method)


def test_the_trm_authors_recipe_is_his_logged_run() -> None:
    config = build(DualCoOpTaIConfig, DualCoOpTaI.recipes["trm-author"], owner="dualcoop_tai")
    assert (config.optimizer, config.lr, config.weight_decay, config.schedule) == ("adamw", 1e-3, 5e-4, "onecycle")
    assert (config.epochs, config.batch_size, config.ema, config.n_ctx) == (80, 64, 0.9998, 16)
    coco = build(DualCoOpTaIConfig, DualCoOpTaI.recipes["trm-author-coco"], owner="dualcoop_tai")
    assert dataclasses.replace(coco, weight_decay=5e-4) == config


# --- DualCoOp++


def test_winner_take_all_by_hand() -> None:
    """One place, two classes with cosines 1/2 and 1/4: shares of a softmax over 8 cos 1/2, so 2 and 1."""
    cosines = torch.tensor([[[0.5, 0.25]]])
    high = math.e / (1 + math.e)
    torch.testing.assert_close(winner_take_all(cosines, "pos200", 8.0), torch.tensor([[[1 + high, 2 - high]]]))
    torch.testing.assert_close(winner_take_all(cosines, "pos_norm", 8.0), torch.tensor([[[1.0, 1 / math.e]]]))
    assert torch.equal(winner_take_all(cosines, "none", 8.0), torch.ones(1, 1, 2))


def test_classes_compete_at_each_place_alone() -> None:
    cosines = torch.rand(3, 9, 5)
    for mode in ("pos_norm", "pos200"):
        whole = winner_take_all(cosines, mode, 20.0)
        for place in range(9):
            torch.testing.assert_close(winner_take_all(cosines[:, [place]], mode, 20.0), whole[:, [place]])


@pytest.mark.parametrize("mode", ["none", "pos_norm", "pos200"])
def test_dualcoop_pp_is_the_public_forward_pass(task: Task, data: Data, mode: str) -> None:
    scales = {"spatial_scale": 6.0, "output_scale": 9.0, "competition_scale": 11.0}
    model = started(DualCoOpPP, DualCoOpPPConfig(winner_take_all=mode, **scales), task)
    evidence, negative, positive = map(normal, as_numpy(model.evidence(), model.negative(), model.positive()))
    expected = np.zeros((40, 5))
    for b, tokens in enumerate(normal(data.features.dense.double().numpy())):
        pos = tokens @ positive.T
        for t in range(9):
            u = softmax(11 * pos[t] * pos[t].max())
            pos[t] *= {"none": np.ones(5), "pos_norm": u / u.max(), "pos200": 1 + u}[mode]
        for c in range(5):
            weight = softmax(6 * tokens @ evidence[c])
            expected[b, c] = 9 * (weight @ pos[:, c] - weight @ tokens @ negative[c])
    check(model, data, expected, 1 / 40)


# --- PositiveCoOp, NegativeCoOp and the vision-only baseline


@pytest.mark.parametrize("kind", [PositiveCoOp, NegativeCoOp])
def test_one_half_is_prompted_and_the_other_free(task: Task, data: Data, kind: type[DualCoOp]) -> None:
    """The rest is DualCoOp's own forward pass and loss, which has a test of its own."""
    model = started(kind, OneSidedConfig(), task)
    prompted = model.prompts() + model.offset
    halves = (model.free, prompted) if kind is PositiveCoOp else (prompted, model.free)
    assert all(torch.equal(a, b) for a, b in zip(model.texts(), halves, strict=True))
    logits = model.match(data.features, *halves)
    assert torch.equal(model.score(data.features), logits.detach())
    dualcoop = DualCoOp(DualCoOpConfig(spatial_scale="checkpoint", output_scale="checkpoint"), task)
    assert torch.equal(logits, dualcoop.match(data.features, *halves))


def test_only_half_of_the_prompts_go_through_the_tower(task: Task, data: Data) -> None:
    for kind in (PositiveCoOp, NegativeCoOp):
        model = started(kind, OneSidedConfig(), task)
        rows: list[int] = []
        task.text.register_forward_pre_hook(lambda _, inputs, rows=rows: rows.append(len(inputs[0])))
        model.loss(Batch(data.features, data.labels, ROWS))
        assert rows == [5]


def test_free_vectors_start_wide_and_learn_a_hundred_times_faster(task: Task) -> None:
    model = started(PositiveCoOp, OneSidedConfig(), task)
    for vectors in (model.free, model.offset):
        assert vectors.std().item() == pytest.approx(1, rel=0.3)
    multipliers = PositiveCoOp.lr_multipliers(OneSidedConfig())
    slowed = {name for name, _ in model.named_parameters() if any(part in name for part in multipliers)}
    assert slowed == {"prompts.contexts"}
    assert multipliers == {"contexts": 0.01}


def test_vision_only_pools_each_half_by_itself(task: Task, data: Data) -> None:
    model = started(VisionOnly, VisionOnlyConfig(), task)
    weight, bias, position = as_numpy(model.weight, model.bias, task.position)
    expected = np.zeros((40, 5))
    for b, image in enumerate(data.features.dense.double().numpy()):
        tokens = np.vstack([image.mean(axis=0), image]) + position
        for c in range(5):
            halves = [tokens @ weight[sign, c] + bias[sign, c] for sign in (0, 1)]
            z_neg, z_pos = (5 * softmax(half) @ half for half in halves)
            expected[b, c] = z_pos - z_neg
    check(model, data, expected, 0.03)


# --- what all of them share


@pytest.mark.parametrize(
    ("name", "prompts"), [("coop", 1), ("dualcoop_tai", 2), ("dualcoop_pp", 3), ("tai_dpt", 2), ("dualcoop_tai_dpt", 4)]
)
def test_all_prompts_go_through_the_tower_once_a_step_and_once_a_scorer(
    task: Task, data: Data, name: str, prompts: int
) -> None:
    method = METHODS.get(name)
    model = method(method.Config(), task)
    sizes: list[int] = []
    task.text.register_forward_pre_hook(lambda _, inputs: sizes.append(len(inputs[0])))
    model.loss(Batch(data.features, data.labels, ROWS))
    assert sizes == [5 * prompts]
    score = model.scorer()
    for part in data.features.dense.split(10):
        score(Features(part, data.features.pooled[: len(part)]))
    assert sizes == [5 * prompts] * 2


@pytest.mark.parametrize(
    "name", ["coop", "dualcoop_tai", "dualcoop_pp", "positive_coop", "negative_coop", "vision_only"]
)
def test_unknown_labels_count_as_negatives_only_where_asked(task: Task, data: Data, name: str) -> None:
    method = METHODS.get(name)
    observed = hide(data.labels)
    negative = torch.where(observed == 0, -1, observed).to(torch.int8)
    for unknown, labels in (("ignore", observed), ("negative", negative)):
        torch.manual_seed(0)
        model = method(method.Config(unknown=unknown), task)
        torch.manual_seed(0)
        plain = method(method.Config(), task)
        losses = [
            m.loss(Batch(data.features, seen, ROWS))["loss_asl"] for m, seen in ((model, observed), (plain, labels))
        ]
        torch.testing.assert_close(*losses)
        assert method.needs_negatives(model.config) == (unknown == "ignore")
