"""Methods built and trained on toy data, with their default settings."""

from typing import Any

import torch

from bench.conformance.toy_data import Data, build_task, draw_toy_data, fit, hide
from methods import Method, Task

Kind = type[Method]

EPOCHS = 7
"""Long enough for what starts late, such as pseudo-labels after a warm-up."""


def is_trained(method: Kind) -> bool:
    return bool(method.Config().epochs)


def has_labels(method: Kind) -> bool:
    """Whether it is given labels. A method that only counts them, as `prior` does, is not trained."""
    return method.labels != "none"


def is_taught(method: Kind) -> bool:
    """Whether it is trained on labels of images; others, as `tai_dpt`, learn from sentences."""
    return is_trained(method) and has_labels(method)


def is_untaught(method: Kind) -> bool:
    return is_trained(method) and not has_labels(method)


def images(count: int = 40, seed: int = 0) -> Data:
    """Toy images with all their labels."""
    return draw_toy_data(count, seed)


def partly(data: Data) -> Data:
    """With half of the labels unknown."""
    return data._replace(labels=hide(data.labels))


def make(method: Kind, task: Task, seed: int = 0) -> Method:
    torch.manual_seed(seed)
    return method(method.Config(), task)


def trained(method: Kind, data: Data, seed: int = 0, epochs: int = EPOCHS, **options: Any) -> Method:
    model = make(method, build_task(data.labels), seed)
    return fit(model, data, epochs, **options) if is_trained(method) else model


_newest: list[tuple[Kind, Method]] = []


def scorable(method: Kind) -> Method:
    """The method trained on half of the labels, for properties that change nothing in it: made once for all of them."""
    if not _newest or _newest[0][0] is not method:
        _newest[:] = [(method, trained(method, partly(images())))]
    return _newest[0][1]
