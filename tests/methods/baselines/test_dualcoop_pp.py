"""DualCoOp++ against a second implementation in NumPy."""

import math

import numpy as np
import pytest
import torch
from helpers.prompt_models import as_numpy, check, normal, softmax, started
from helpers.toy_world import Data

from methods import Task
from methods.baselines.dualcoop_pp import DualCoOpPP, DualCoOpPPConfig, winner_take_all


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
