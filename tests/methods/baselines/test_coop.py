"""CoOp against a second implementation in NumPy."""

import numpy as np
import pytest
import torch
from helpers.prompt_models import as_numpy, check, normal, softmax, started
from helpers.toy_world import Data

from methods import METHODS, Task
from methods.baselines.coop import CoOp, CoOpConfig


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
