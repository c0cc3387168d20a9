"""Registered methods by name, built and trained on toy data as the conformance suite does it."""

import pytest
import torch
from torch import Tensor

from bench.conformance.methods import models
from bench.conformance.methods.models import EPOCHS
from bench.conformance.methods.models import partly as partial
from bench.conformance.toy_data import Data
from methods import METHODS, Method, Task

__all__ = ["ALL", "EPOCHS", "assert_same_state", "every_taught_method", "make", "partial", "trained"]

ALL = METHODS.names()
every_taught_method = pytest.mark.parametrize("name", [name for name in ALL if models.is_taught(METHODS.get(name))])


def make(name: str, task: Task, seed: int = 0) -> Method:
    """The method with its default settings."""
    return models.make(METHODS.get(name), task, seed)


def trained(name: str, data: Data, seed: int = 0, epochs: int = EPOCHS, **options) -> Method:
    return models.trained(METHODS.get(name), data, seed, epochs, **options)


def assert_same_state(one: dict[str, Tensor], other: dict[str, Tensor]) -> None:
    """Bit for bit; NaN, which may stand for "not seen yet" in a buffer, equals NaN."""
    assert one.keys() == other.keys()
    for key, value in one.items():
        torch.testing.assert_close(value, other[key], rtol=0, atol=0, equal_nan=True, msg=f"{key} differs")
