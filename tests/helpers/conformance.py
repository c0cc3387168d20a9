"""What the two halves of the conformance suite share: the registered methods, trained in the toy world."""

import pytest
import torch
from torch import Tensor

from helpers.toy_world import Data, build_task, fit, hide
from methods import METHODS, Method, Task

ALL = METHODS.names()
LABELLED = [name for name in ALL if METHODS.get(name).labels != "none"]
"""Those that are told labels; what only counts them, as `prior` does, is not trained."""
TRAINED = [name for name in ALL if METHODS.get(name).Config().epochs]
TAUGHT = [name for name in TRAINED if name in LABELLED]
"""Those that are trained on labels of images; what has epochs and no labels, as `tai_dpt`, learns from other things."""
EPOCHS = 7
"""Long enough for what starts late, such as pseudo-labels after a warm-up."""

every_method = pytest.mark.parametrize("name", ALL)
every_labelled_method = pytest.mark.parametrize("name", LABELLED)
every_trained_method = pytest.mark.parametrize("name", TRAINED)
every_taught_method = pytest.mark.parametrize("name", TAUGHT)
every_untaught_method = pytest.mark.parametrize("name", [name for name in TRAINED if name not in TAUGHT])


def make(name: str, task: Task, seed: int = 0) -> Method:
    """The method with its default settings."""
    torch.manual_seed(seed)
    method = METHODS.get(name)
    return method(method.Config(), task)


def trained(name: str, data: Data, seed: int = 0, epochs: int = EPOCHS, **options) -> Method:
    model = make(name, build_task(data.labels), seed)
    return fit(model, data, epochs, **options) if name in TRAINED else model


def partial(data: Data) -> Data:
    return data._replace(labels=hide(data.labels))


def assert_same_state(one: dict[str, Tensor], other: dict[str, Tensor]) -> None:
    """Bit for bit; NaN, which may stand for "not seen yet" in a buffer, equals NaN."""
    assert one.keys() == other.keys()
    for key, value in one.items():
        torch.testing.assert_close(value, other[key], rtol=0, atol=0, equal_nan=True, msg=f"{key} differs")
