"""The loss of a method with random weights, beside what a formula needs to say it again."""

import numpy as np
import torch
from torch import Tensor

from helpers.toy_world import Data, build_task, hide
from methods import METHODS, Batch


def loss_of(name: str, data: Data, **settings) -> tuple[Tensor, np.ndarray, np.ndarray]:
    """The method's loss with random weights on half-hidden labels, with its chances and labels."""
    method = METHODS.get(name)
    observed = hide(data.labels)
    model = method(method.Config(**settings), build_task(observed))
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator) / 3)
    (loss,) = model.loss(Batch(data.features, observed, torch.arange(len(observed)))).values()
    p = 1 / (1 + np.exp(-model.score(data.features).double().numpy()))
    return loss, p, observed.numpy()
