"""The second reconstruction put together: each term of its loss is a formula of its own, written here with numpy."""

import copy

import numpy as np
import pytest
import torch
from helpers.toy_world import Data, build_task, hide
from torch.nn import functional as F

from methods import Batch, Features
from methods.trm_ml import TRMML, TRMConfig

SETTINGS = {
    "n_ctx": 2, "ffn": 8, "dropout": 0.0, "warmup": 1, "kd_weight": 0.3, "kd_temperature": 3.0, "contrast_weight": 0.2,
    "contrast_temperature": 0.3, "gamma_pos": 0.5, "gamma_neg": 1.5, "clip": 0.1, "pseudo_precision": 0.5,
    "pseudo_weight": 0.4, "momentum": 0.9,
}  # fmt: skip


class Step:
    """One step of training after two epochs, and the scores of the model before it, in double precision."""

    def __init__(self, data: Data, **settings: object):
        labels = hide(data.labels)
        torch.manual_seed(0)
        self.model = TRMML(TRMConfig(**{**SETTINGS, **settings}), build_task(labels))
        with torch.no_grad():
            for parameter in self.model.parameters():  # away from zeros and identities
                parameter += 0.05 * torch.randn_like(parameter)
        for epoch in range(2):
            self.model.start_epoch(epoch)
            for rows in torch.arange(40).split(10):
                self.model.loss(self._batch(data, labels, rows))
        self.model.start_epoch(2)
        before = self.before = copy.deepcopy(self.model)
        batch = self._batch(data, labels, torch.arange(10))
        self.labels = batch.labels.numpy()
        with torch.no_grad():
            texts = before.texts()
            actual = before.regions(texts.category, F.normalize(batch.features.dense, dim=-1))
            self.score = before.score(batch.features).double().numpy()
            self.terms = {name: value.item() for name, value in self.model.loss(batch).items()}
        self.region, self.query, self.text, negative = (
            x.detach().double().numpy() for x in (actual.region, actual.query, texts.category, texts.negative)
        )
        scale = before.matching.log_scale.exp().item()
        self.logits = {
            name: scale * np.einsum("bcd,cd->bc", level, self.text - negative)
            for name, level in (("region", self.region), ("query", self.query))
        }
        self.logits["mean"] = (self.logits["region"] + self.logits["query"]) / 2

    @staticmethod
    def _batch(data: Data, labels: torch.Tensor, rows: torch.Tensor) -> Batch:
        return Batch(Features(*(part[rows] for part in data.features)), labels[rows], rows)

    def memory(self) -> tuple[list[np.ndarray], list[int]]:
        """Visual elements of the memory with their classes."""
        elements, classes = self.before.prototypes.visual()
        return list(elements.double().numpy()), classes.tolist()


def asymmetric(logits: np.ndarray, signs: np.ndarray) -> float:
    p = 1 / (1 + np.exp(-logits))
    q = np.minimum(1 - p + 0.1, 1)
    entries = np.where(signs > 0, -((1 - p) ** 0.5) * np.log(p), -((1 - q) ** 1.5) * np.log(q))
    return (entries * (signs != 0)).sum() / len(signs)


def softmax(x: np.ndarray) -> np.ndarray:
    e = np.exp(x - x.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("scored", ["query", "region", "mean"])
def test_the_level_that_meets_the_text_at_test_time(data: Data, scored: str) -> None:
    step = Step(data, scored=scored)
    np.testing.assert_allclose(step.score, step.logits[scored], rtol=1e-3, atol=1e-4)
    assert not np.allclose(step.logits["query"], step.logits["region"], atol=0.1)


@pytest.mark.parametrize(("supervised", "trained"), [
    ("query", ["query"]), ("region", ["region"]), ("both", ["query", "region"]), ("mean", ["mean"]),
])  # fmt: skip
def test_the_levels_that_labels_train(data: Data, supervised: str, trained: list[str]) -> None:
    step = Step(data, supervised=supervised)
    expected = np.mean([asymmetric(step.logits[level], step.labels) for level in trained])
    assert step.terms["loss_match"] == pytest.approx(expected, rel=1e-3)
    assert step.terms["loss_pseudo"] > 0


def test_the_region_level_teaches_the_query_level(data: Data) -> None:
    """T^2 KL(softmax(region / T) || softmax(query / T)), the teacher first; or 1 - cosine of the features."""
    step = Step(data)
    p, q = softmax(step.logits["region"] / 3), softmax(step.logits["query"] / 3)
    expected = 0.3 * 9 * (p * np.log(p / q)).sum() / len(p)
    assert step.terms["loss_kd"] == pytest.approx(expected, rel=1e-3)
    step = Step(data, kd="features")
    lengths = np.linalg.norm(step.region, axis=-1) * np.linalg.norm(step.query, axis=-1)
    cosines = (step.region * step.query).sum(axis=-1) / lengths
    assert step.terms["loss_kd"] == pytest.approx(0.3 * (1 - cosines).mean(), rel=1e-3)


@pytest.mark.parametrize("settings", [
    {}, {"memory_level": "region"}, {"memory": "queue", "memory_size": 3}, {"contrast_text": "prototype"},
    {"contrast_negative_weight": 0.3}, {"contrast_margin": 0.2}, {"contrast_prototypes": False},
], ids=str)  # fmt: skip
def test_contrast_with_the_memory(data: Data, settings: dict) -> None:
    step = Step(data, **settings)
    features = step.region if settings.get("memory_level") == "region" else step.query
    stored = step.before.prototypes.text.double().numpy()
    texts = stored if settings.get("contrast_text") == "prototype" else step.text
    visual, of = ([], []) if settings.get("contrast_prototypes") is False else step.memory()
    image, positive = np.nonzero(step.labels > 0)
    elements = np.array([*features[image, positive], *texts, *visual])
    classes = [*positive, *range(5), *of]
    weight, margin = settings.get("contrast_negative_weight", 1.0), settings.get("contrast_margin", -1.0)
    cosine, losses = elements @ elements.T, []
    for i, own in enumerate(classes):
        others = [a for a in range(len(classes)) if a != i]
        shares = [1 if classes[a] == own else weight * (cosine[i, a] > margin) for a in others]
        norm = sum(share * np.exp(cosine[i, a] / 0.3) for share, a in zip(shares, others, strict=True))
        if partners := [a for a in others if classes[a] == own]:
            losses.append(np.mean([np.log(norm) - cosine[i, a] / 0.3 for a in partners]))
    assert step.terms["loss_contrast"] == pytest.approx(0.2 * np.mean(losses), rel=1e-3)


@pytest.mark.parametrize("level", ["query", "region"])
def test_the_memory_holds_the_level_that_is_asked_for(data: Data, level: str) -> None:
    step = Step(data, memory_level=level)
    features = step.region if level == "region" else step.query
    before, after = step.before.prototypes, step.model.prototypes
    for c in range(5):
        old, count = before.positive[c].double().numpy(), before.positive_updates[c].item()
        mean = features[step.labels[:, c] > 0, c].mean(axis=0)
        m = min(0.9, count / (count + 1))
        new = m * old + (1 - m) * mean / np.linalg.norm(mean)
        np.testing.assert_allclose(after.positive[c].numpy(), new / np.linalg.norm(new), atol=1e-4)
