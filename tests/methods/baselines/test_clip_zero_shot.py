"""Zero-shot CLIP: both poolings against loops, and that nothing in it can be trained."""

import numpy as np
import pytest
import torch
from helpers.toy_world import NAMES, Data

from bench.errors import UsageError
from bench.settings.conversion import build
from methods import Batch, Features, Task
from methods.baselines.clip_zero_shot import ClipZeroShot, ZeroShotConfig
from methods.layers.prompts import PROMPT_TEMPLATES, template_features, template_list


def texts(task: Task, templates: str = "photo") -> np.ndarray:
    return template_features(task.text, NAMES, template_list(templates)).double().numpy()


@pytest.mark.parametrize("templates", [*PROMPT_TEMPLATES, "imagenet"])
def test_pooled_is_the_scaled_cosine(task: Task, data: Data, templates: str) -> None:
    model = ClipZeroShot(ZeroShotConfig(pool="pooled", templates=templates), task)
    pooled = data.features.pooled.double().numpy()
    expected = [[12 * x @ t / np.linalg.norm(x) for t in texts(task, templates)] for x in pooled]
    np.testing.assert_allclose(model.score(data.features), expected, atol=1e-5)


def test_dense_weighs_every_position_by_its_own_similarity(task: Task, data: Data) -> None:
    model = ClipZeroShot(ZeroShotConfig(pool="dense"), task)
    expected = np.zeros((40, 5))
    for b, image in enumerate(data.features.dense.double().numpy()):
        for c, t in enumerate(texts(task)):
            similarity = np.array([12 * x @ t / np.linalg.norm(x) for x in image])
            expected[b, c] = np.exp(similarity) @ similarity / np.exp(similarity).sum()
    np.testing.assert_allclose(model.score(data.features), expected, atol=1e-5)


@pytest.mark.parametrize("pool", ["pooled", "dense"])
def test_the_length_of_features_does_not_matter(task: Task, data: Data, pool: str) -> None:
    model = ClipZeroShot(ZeroShotConfig(pool=pool), task)
    longer = Features(*(7 * part for part in data.features))
    torch.testing.assert_close(model.score(longer), model.score(data.features))


def test_there_is_nothing_to_train(task: Task, data: Data) -> None:
    model = ClipZeroShot(ZeroShotConfig(), task)
    assert list(model.parameters()) == []
    assert model.state_dict() == {}
    with pytest.raises(NotImplementedError):
        model.loss(Batch(data.features, data.labels, torch.arange(40)))
    with pytest.raises(UsageError, match="epochs"):
        build(ZeroShotConfig, {"epochs": 1}, owner="clip_zero_shot")


def test_all_templates_can_be_named() -> None:
    for name in (*PROMPT_TEMPLATES, "imagenet"):
        assert build(ZeroShotConfig, {"templates": name}, owner="clip_zero_shot").templates == name
