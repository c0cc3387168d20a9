"""Probabilities of logits: Platt's scaling, a slope and an offset a class, or one temperature for all classes."""

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit

Calibration = Literal["platt", "temperature"]
CALIBRATIONS: tuple[str, ...] = get_args(Calibration)


@dataclass(frozen=True)
class Probabilities:
    """sigmoid(slope * logit + offset), (C,) each; NaN for a class that cannot be calibrated."""

    slope: np.ndarray
    offset: np.ndarray

    def __call__(self, logits: np.ndarray) -> np.ndarray:
        """Probabilities float32 of logits (N, C)."""
        return expit(self.slope * logits + self.offset).astype(np.float32)


def calibrated(scores: np.ndarray, labels: np.ndarray, method: Calibration) -> Probabilities:
    """Fitted to scores (N, C) and labels (N, C), 0 where unknown, by the cross-entropy of what is known.

    temperature: slope 1 / T of all classes together, no offset. platt: Platt (1999), with his smoothed targets; no
    slope is below 0, so that the order of a class's images stays.
    """
    classes = labels.shape[1]
    if method == "temperature":
        slope = _fit(scores[labels != 0], labels[labels != 0] == 1, smoothed=False, offset=False)[0]
        return Probabilities(np.full(classes, slope), np.zeros(classes))
    fitted = np.full((2, classes), np.nan)
    for c in range(classes):
        known = labels[:, c] != 0
        present = labels[known, c] == 1
        if present.any() and not present.all():
            fitted[:, c] = _fit(scores[known, c], present, smoothed=True, offset=True)
    return Probabilities(*fitted)


def _fit(scores: np.ndarray, present: np.ndarray, smoothed: bool, offset: bool) -> tuple[float, float]:
    """Slope and offset of least cross-entropy."""
    values, positives = scores.astype(np.float64), int(present.sum())
    scale = max(float(np.abs(values).mean()), 1e-12)
    values = values / scale  # methods' scores have scales of their own
    high, low = (positives + 1) / (positives + 2), 1 / (len(present) - positives + 2)
    target = np.where(present, high, low) if smoothed else present.astype(np.float64)

    def loss(parameters: np.ndarray) -> tuple[float, np.ndarray]:
        logits = parameters[0] * values + (parameters[1] if offset else 0.0)
        error = expit(logits) - target
        gradient = np.array([(error * values).mean(), error.mean()])
        return float((np.logaddexp(0, logits) - target * logits).mean()), gradient[: len(parameters)]

    start, bounds = ([1.0, 0.0], [(0.0, 1e4), (None, None)]) if offset else ([1.0], [(1e-4, 1e4)])
    best = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds).x
    return float(best[0]) / scale, float(best[1]) if offset else 0.0
