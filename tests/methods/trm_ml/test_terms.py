"""The first reconstruction put together: each term of its loss is the sheet's formula, weighted as the settings say."""

import copy
from collections.abc import Mapping

import numpy as np
import pytest
import torch
from helpers.toy_world import Data, build_task, hide
from torch import Tensor
from torch.nn import functional as F

from methods import Batch, Features
from methods.trm_ml import TRMML, FirstTRMConfig, FirstTRMML, TRMConfig
from methods.trm_ml.evidence import prototype_evidence
from methods.trm_ml.mlp import SimpleMLP

SETTINGS = {
    "n_ctx": 2, "ffn": 8, "dropout": 0.0, "warmup": 2, "kd": "logits+text", "kd_weight": 0.3, "kd_temperature": 3.0,
    "consistency_weight": 2.0, "pseudo_weight": 0.4, "pseudo_precision": 0.5, "contrast_weight": 0.2,
    "assume_negative": 0.6, "gamma_pos": 0.5, "gamma_neg": 1.5, "clip": 0.1, "teacher_scale": 0.7,
    "attention_scale": 0.3, "momentum": 0.9,
}  # fmt: skip


class Step:
    """One step of training in `epoch`, and the model as it was before it."""

    def __init__(self, data: Data, epoch: int, settings: Mapping[str, object]):
        labels = hide(data.labels)
        labels[:, 2].clamp_(min=0)  # a class without a known negative
        torch.manual_seed(0)
        self.model = FirstTRMML(FirstTRMConfig(**{**SETTINGS, **settings}), build_task(labels))
        with torch.no_grad():
            for parameter in self.model.parameters():  # away from zeros and identities
                parameter += 0.05 * torch.randn_like(parameter)
        for earlier in range(epoch):
            self.model.start_epoch(earlier)
            for rows in torch.arange(40).split(10):
                self.model.loss(self._batch(data, labels, rows))
        self.model.start_epoch(epoch)
        self.before = copy.deepcopy(self.model)
        batch = self._batch(data, labels, torch.arange(10))
        self.labels, self.tokens = batch.labels, F.normalize(batch.features.dense, dim=-1)
        with torch.no_grad():
            self.terms = {name: value.item() for name, value in self.model.loss(batch).items()}
            self.texts = self.before.texts()
            self.regions = self.before.regions(self.texts.category, self.tokens).query
            self.logits = self.before.matching(self.regions, self.texts)

    @staticmethod
    def _batch(data: Data, labels: Tensor, rows: Tensor) -> Batch:
        return Batch(Features(*(part[rows] for part in data.features)), labels[rows], rows)

    def evidence(self, **options: object) -> Tensor:
        prototypes = self.before.prototypes
        negative = {"negative": prototypes.negative, "has_negative": prototypes.has_negative}
        has_prototype = prototypes.has_positive
        return prototype_evidence(
            self.regions, prototypes.positive, has_prototype, prototypes.text, **{**negative, **options}
        )

    def pseudo(self, evidence: Tensor) -> np.ndarray:
        """Signs of the unknown entries."""
        upper, lower = self.before.thresholds.upper, self.before.thresholds.lower
        return (((evidence > upper).int() - (evidence < lower).int()) * (self.labels == 0)).numpy()


def asymmetric(logits: Tensor, signs: np.ndarray) -> float:
    """ASL with the settings above, over the entries that are not 0, divided by the images."""
    p = 1 / (1 + np.exp(-logits.double().numpy()))
    q = np.minimum(1 - p + 0.1, 1)
    entries = np.where(signs > 0, -((1 - p) ** 0.5) * np.log(p), -((1 - q) ** 1.5) * np.log(q))
    return (entries * (signs != 0)).sum() / len(signs)


def softmax(x: np.ndarray, axis: int) -> np.ndarray:
    e = np.exp(x - x.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


@pytest.fixture(params=[1, 3], ids=["warming up", "warm"])
def step(request: pytest.FixtureRequest, data: Data) -> Step:
    return Step(data, request.param, {})


def test_known_labels(step: Step) -> None:
    scale = step.before.matching.log_scale.exp().item()
    difference = step.texts.category - step.texts.negative.detach()
    logits = scale * torch.einsum("bcd,cd->bc", step.regions, difference)
    torch.testing.assert_close(step.logits, logits, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(step.regions.norm(dim=-1), torch.ones(step.labels.shape))
    assert step.terms["loss_match"] == pytest.approx(asymmetric(logits, step.labels.numpy()), rel=1e-4)


def test_distillation(step: Step) -> None:
    """Teacher first: T^2 KL(softmax(u / T) || softmax(s / T)), u = kappa sum_n softmax_n(tau <F_n, e>) <F_n, e>."""
    template, clip_scale, heat = step.before.texts.template, 12.0, 3.0
    cosine = (step.tokens @ template.T).double().numpy()  # (B, HW, C)
    teacher = 0.7 * clip_scale * (softmax(0.3 * clip_scale * cosine, axis=1) * cosine).sum(axis=1)
    p, q = softmax(teacher / heat, axis=1), softmax(step.logits.double().numpy() / heat, axis=1)
    expected = 0.3 * heat**2 * (p * np.log(p / q)).sum() / len(p)
    assert step.terms["loss_kd"] == pytest.approx(expected, rel=1e-3)
    distance = (step.texts.category - template).square().sum().item() / len(template)
    assert step.terms["loss_text"] == pytest.approx(2.0 * distance, rel=1e-4)


def test_unknown_labels(step: Step) -> None:
    """Pseudo-labels from the prototypes and thresholds of before; what is left of a class without negatives, absent."""
    warm = step.before.epoch >= 2
    pseudo = step.pseudo(step.evidence()) if warm else np.zeros(step.labels.shape, int)
    assert warm == bool((pseudo > 0).any()) == bool((pseudo < 0).any())
    assert step.terms["loss_pseudo"] == pytest.approx(0.4 * asymmetric(step.logits, pseudo), rel=1e-4)
    assumed = np.zeros_like(pseudo)
    assumed[:, 2] = -((step.labels[:, 2].numpy() == 0) & (pseudo[:, 2] == 0)).astype(int)
    assert step.terms["loss_assumed"] == pytest.approx(0.6 * asymmetric(step.logits, assumed), rel=1e-4)


def test_contrast(step: Step) -> None:
    """Regions of known positives and texts, the weight at (epoch + 1) / (warmup + 1) of its height until then."""
    image, positive = np.nonzero(step.labels.numpy() > 0)
    elements = np.concatenate([step.regions.numpy()[image, positive], step.texts.category.numpy()]).astype(float)
    classes = np.concatenate([positive, np.arange(5)])
    losses = []
    for i, own in enumerate(classes):
        others = [a for a in range(len(classes)) if a != i]
        partners = [a for a in others if classes[a] == own]
        norm = np.log(sum(np.exp(elements[i] @ elements[a] / 0.2) for a in others))
        if partners:
            losses.append(np.mean([norm - elements[i] @ elements[a] / 0.2 for a in partners]))
    weight = 0.2 * min(1.0, (step.before.epoch + 1) / 3)
    assert step.terms["loss_contrast"] == pytest.approx(weight * np.mean(losses), rel=1e-4)


def test_prototypes_follow_known_labels_alone(step: Step) -> None:
    """Pseudo-labels there are, when warm, and they move nothing."""
    before, after = step.before.prototypes, step.model.prototypes
    for sign, name in ((1, "positive"), (-1, "negative")):
        for c in range(5):
            old, count = getattr(before, name)[c], getattr(before, f"{name}_updates")[c].item()
            shown = step.regions[step.labels[:, c] == sign, c]
            m = min(0.9, count / (count + 1))
            new = F.normalize(m * old + (1 - m) * F.normalize(shown.mean(dim=0), dim=-1), dim=-1) if len(shown) else old
            torch.testing.assert_close(getattr(after, name)[c], new, rtol=1e-4, atol=1e-5)
    text = F.normalize(0.9 * before.text + 0.1 * step.texts.category, dim=-1)
    torch.testing.assert_close(after.text, text, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(("settings", "options"), [
    ({"pseudo_modality": "visual"}, {"modality": "visual"}),
    ({"pseudo_modality": "text"}, {"modality": "text"}),
    ({"pseudo_inter": False}, {"inter": False}),
    ({"pseudo_negative": False}, {"negative": None, "has_negative": None}),
])  # fmt: skip
def test_each_similarity_can_be_taken_out_of_the_evidence(data: Data, settings: dict, options: dict) -> None:
    step = Step(data, 3, settings)
    assert step.terms["loss_pseudo"] == pytest.approx(
        0.4 * asymmetric(step.logits, step.pseudo(step.evidence(**options))), rel=1e-4
    )
    assert not torch.allclose(step.evidence(**options), step.evidence())


def test_fixed_thresholds_on_logits_are_two_sided(data: Data) -> None:
    step = Step(data, 3, {"pseudo_rule": "fixed", "pseudo_score": "logit", "pseudo_margin": 0.1})
    pseudo = (((step.logits > 0.1).int() - (step.logits < -0.1).int()) * (step.labels == 0)).numpy()
    assert {-1, 0, 1} == set(pseudo[step.labels == 0].tolist())
    assert step.terms["loss_pseudo"] == pytest.approx(0.4 * asymmetric(step.logits, pseudo), rel=1e-4)


def test_contexts_learn_faster_than_the_rest() -> None:
    assert TRMML.lr_multipliers(TRMConfig()) == {"contexts": 5.0}  # 1e-3 beside 2e-4


@pytest.mark.parametrize("residual", [True, False])
def test_the_mlp(residual: bool) -> None:
    torch.manual_seed(0)
    mlp, x = SimpleMLP(6, residual), torch.randn(4, 6)
    assert torch.equal(mlp(x), x) == residual, "with a residual it starts as the identity"
    torch.nn.init.normal_(mlp.layers[2].weight)
    first, last = mlp.layers[::2]
    w1, b1, w2, b2 = (part.detach().numpy() for layer in (first, last) for part in (layer.weight, layer.bias))
    expected = np.maximum(x.numpy() @ w1.T + b1, 0) @ w2.T + b2 + (x.numpy() if residual else 0)
    np.testing.assert_allclose(mlp(x).detach().numpy(), expected, rtol=1e-4, atol=1e-5)
