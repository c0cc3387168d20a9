"""DualCoOp of TaI-DPT's code against a second implementation in NumPy."""

import dataclasses
import math

import numpy as np
import pytest
import torch
from helpers.prompt_models import as_numpy, check, normal, softmax, started
from helpers.toy_world import Data, build_task

from bench.errors import UsageError
from bench.settings.conversion import build
from methods import METHODS, Task
from methods.baselines.dualcoop_pp import DualCoOpPP, DualCoOpPPConfig
from methods.baselines.dualcoop_tai import DualCoOpTaI, DualCoOpTaIConfig
from methods.layers.scales import LearnedScale, tied


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
