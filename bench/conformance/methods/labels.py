"""Properties of labels: which of them may change a training, and which must not."""

import functools

import numpy as np
import torch
from torch import Tensor, nn

from bench.conformance.methods.models import (
    EPOCHS,
    Kind,
    has_labels,
    images,
    is_trained,
    is_untaught,
    make,
    partly,
    trained,
)
from bench.conformance.properties import Properties, PropertyError, fail, require, require_close, require_same_state
from bench.conformance.toy_data import NAMES, build_task, fit
from methods import Method
from protocols import PROTOCOLS

PROPERTIES = Properties()


@PROPERTIES.property(
    "hidden labels change nothing, known ones do",
    "it would learn from labels that it must not see, or from none",
    applies=has_labels,
)
def hidden_labels_change_nothing(method: Kind) -> None:
    """Full labels that agree at the known entries give bit-identical training; a changed known label does not."""
    data, protocol = images(), PROTOCOLS.get("partial")()
    truth = data.labels.numpy()
    observed = protocol.observe(truth, 30, seed=0)
    other_truth = np.where(observed == 0, -truth, truth)
    require((other_truth != truth).mean() > 0.5, "the mask hides too little for this check; that is a defect of bench")

    def state(labels: np.ndarray) -> dict[str, Tensor]:
        return dict(trained(method, data._replace(labels=torch.from_numpy(labels))).state_dict())

    one, other = (state(protocol.observe(labels, 30, seed=0)) for labels in (truth, other_truth))
    require_same_state(one, other, "with all hidden labels flipped, training ends in another state")
    known = observed.copy()
    known[tuple(np.argwhere(observed != 0)[0])] *= -1
    try:
        require_same_state(one, state(known), "")
    except PropertyError:
        return
    fail("with a known label flipped, training ends in the same state")


@PROPERTIES.property(
    "the order of classes does not matter", "its numbers would depend on how a dataset lists its classes"
)
def class_order_does_not_matter(method: Kind) -> None:
    """Permuted classes, started at the permuted state, train to permuted scores.

    Starts are random, so the permuted twin gets the original's state: any axis of length C counts classes, because
    nothing else in the toy world has that length. Dropout draws by position and is off. SGD with clipped gradients,
    whose norm does not know the order, because Adam blows rounding noise up to full steps.
    """
    data, order = partly(images()), torch.tensor([3, 0, 4, 1, 2])
    turned = data._replace(labels=data.labels[:, order])
    model = make(method, build_task(data.labels))
    twin = make(method, build_task(turned.labels, [NAMES[c] for c in order]), seed=1)
    twin.load_state_dict({key: _permuted(value, order) for key, value in model.state_dict().items()})
    for one, labelled in ((model, data), (twin, turned)):
        for module in one.modules():
            if isinstance(module, nn.Dropout):
                module.p = 0.0
        if is_trained(method):
            torch.manual_seed(5)  # what is drawn in training is drawn alike
            clip = functools.partial(_clip_gradients, one)
            fit(one, labelled, EPOCHS, lr=0.1, optimizer=torch.optim.SGD, watch=clip)
    scores, moved = model.score(data.features), 0.0
    if is_trained(method):
        moved = (scores - make(method, build_task(data.labels)).score(data.features)).abs().max().item()
        require(moved > 5e-3, "SGD with a rate of 0.1 hardly moves its scores")
    # A ReLU whose input is within rounding of zero may open in one twin only, so the tolerance grows with the distance
    # trained.
    close = {"rtol": 1e-3, "atol": max(1e-3, 0.005 * moved)}
    sentence = "with its classes in another order it trains to other scores"
    require_close(twin.score(data.features), scores[:, order], sentence, **close)


def _clip_gradients(model: Method, loss: Tensor) -> None:
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)


def _permuted(value: Tensor, order: Tensor) -> Tensor:
    for axis, length in enumerate(value.shape):
        if length == len(order):
            value = value.index_select(axis, order)
    return value


@PROPERTIES.property(
    "without labels no label changes anything and the loss falls",
    "it says that it is given no label, and learns from one, or learns nothing",
    applies=is_untaught,
)
def untaught_learns_without_labels(method: Kind) -> None:
    """A method without labels uses none, known ones included, in a batch or in the task; it learns all the same."""
    data, losses = images(), list[float]()
    one = trained(method, data, epochs=30, lr=5e-2, watch=lambda loss: losses.append(loss.item()))
    other = trained(method, data._replace(labels=-data.labels), epochs=30, lr=5e-2)
    require_same_state(one.state_dict(), other.state_dict(), "with all labels flipped, training ends in another state")
    require(sum(losses[-10:]) < 0.9 * sum(losses[:10]), "its loss does not fall in 30 epochs")
