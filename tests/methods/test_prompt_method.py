"""Methods that match prompts: one pass through the tower, and what unknown labels are."""

import pytest
import torch
from helpers.prompt_models import ROWS
from helpers.toy_world import Data, hide

from methods import METHODS, Batch, Features, Task


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
            m.loss(Batch(data.features, labels_given, ROWS))["loss_asl"]
            for m, labels_given in ((model, observed), (plain, labels))
        ]
        torch.testing.assert_close(*losses)
        assert method.needs_negatives(model.config) == (unknown == "ignore")
