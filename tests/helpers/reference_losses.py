"""The asymmetric loss written anew in NumPy, and logits and labels to try losses on."""

import numpy as np
import torch
from torch import Tensor


def sample(seed: int = 0, size: tuple[int, int] = (7, 5), spread: float = 4.0) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    labels = torch.randint(-1, 2, size, generator=generator).to(torch.int8)
    return spread * torch.randn(size, generator=generator), labels


def reference_entries(z: np.ndarray, y: np.ndarray, gamma_pos: float, gamma_neg: float, clip: float, eps: float):
    """Loss of every entry, as the reference sheet writes it: -w (y log p + (1 - y) log p-), y in {0, 1}."""
    p = 1 / (1 + np.exp(-z.astype(np.float64)))
    p_minus = np.minimum(1 - p + clip, 1)
    y = (y == 1).astype(np.float64)
    gain = y * np.log(np.maximum(p, eps)) + (1 - y) * np.log(np.maximum(p_minus, eps))
    weight = (1 - y * p - (1 - y) * p_minus) ** (gamma_pos * y + gamma_neg * (1 - y))
    return -weight * gain
