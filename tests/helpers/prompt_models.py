"""Methods that match prompts, written anew in NumPy, and models whose formulas show every term."""

import math

import numpy as np
import pytest
import torch

from helpers.toy_world import Data, hide
from methods import Batch, Method, Task

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
