"""PositiveCoOp, NegativeCoOp and the vision-only baseline, beside DualCoOp and NumPy."""

import numpy as np
import pytest
import torch
from helpers.prompt_models import ROWS, as_numpy, check, softmax, started
from helpers.toy_world import Data

from methods import Batch, Task
from methods.baselines.dualcoop import DualCoOp, DualCoOpConfig
from methods.baselines.positive_coop import NegativeCoOp, OneSidedConfig, PositiveCoOp, VisionOnly, VisionOnlyConfig


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
