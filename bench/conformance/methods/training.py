"""Properties of a method's training: its losses, what they move, and that they stay finite."""

import copy
import dataclasses
from collections.abc import Callable

import torch
from mmengine.model import BaseModel
from torch import Tensor

from bench.conformance.methods.models import (
    EPOCHS,
    Kind,
    has_labels,
    images,
    is_taught,
    is_trained,
    make,
    partly,
    trained,
)
from bench.conformance.properties import Properties, require, require_close, require_same_state
from bench.conformance.toy_data import Data, build_task, draw_toy_data, fit, total
from bench.stats.metrics import mean_average_precision
from methods import Features, Method, Task

PROPERTIES = Properties()

ROWS = torch.arange(40)


@PROPERTIES.property("losses are scalars", "MMEngine sums what a loss is called, and nothing else", applies=is_trained)
def losses_are_scalars(method: Kind) -> None:
    data = partly(images())
    model = make(method, build_task(data.labels)).train()
    before = copy.deepcopy(data)
    losses = model(tuple(data.features), data.labels, ROWS, mode="loss")
    require_close(data, before, "the batch that it was given has changed")
    require(
        losses and all(isinstance(value, Tensor) and not value.ndim for value in losses.values()), "a loss is no scalar"
    )
    parsed, _ = BaseModel.parse_losses(model, losses)
    require(parsed.requires_grad, "no loss has a gradient; a loss counts if its name holds `loss`")
    require_close(parsed, total(losses), "MMEngine's sum is not that of the losses", rtol=1e-6, atol=1e-6)


@PROPERTIES.property("equal seeds give equal bits", "no result of it could be repeated")
def equal_seeds(method: Kind) -> None:
    data = images()
    one, other = (trained(method, partly(data), seed=3) for _ in range(2))
    require_same_state(one.state_dict(), other.state_dict(), "two trainings with one seed end in other states")
    require_close(one.score(data.features), other.score(data.features), "two trainings with one seed score otherwise")


def _one_known(labels: Tensor) -> Tensor:
    lonely = torch.zeros_like(labels)
    lonely[3, 2] = labels[3, 2]
    return lonely


PATTERNS: dict[str, Callable[[Tensor], Tensor]] = {
    "none is known": torch.zeros_like,
    "one is known": _one_known,
    "all are known": lambda labels: labels,
    "only positives are known": lambda labels: labels.clamp(min=0),
    "only negatives are known": lambda labels: labels.clamp(max=0),
    "all are positive": torch.ones_like,
    "all are negative": lambda labels: -torch.ones_like(labels),
    "one class is unknown": lambda labels: labels * torch.tensor([1, 1, 0, 1, 1], dtype=torch.int8),
}


@PROPERTIES.property(
    "stays finite whatever is known", "a rare class or a small ratio would end in NaN", applies=has_labels
)
def stays_finite(method: Kind) -> None:
    for pattern, change in PATTERNS.items():
        stays_finite_where(method, pattern, change(images(20).labels))


def stays_finite_where(method: Kind, pattern: str, labels: Tensor) -> None:
    """The same for labels of one pattern."""
    data = images(len(labels))._replace(labels=labels)
    model = make(method, build_task(labels))

    def watch(loss: Tensor) -> None:
        require(loss.isfinite(), f"the loss is {loss.item()} with labels of which {pattern}")
        for key, parameter in model.named_parameters():
            finite = parameter.grad is None or parameter.grad.isfinite().all()
            require(finite, f"the gradient of `{key}` is not finite with labels of which {pattern}")

    if is_trained(method):
        fit(model, data, EPOCHS, watch=watch)
    require(model.score(data.features).isfinite().all(), f"scores are not finite with labels of which {pattern}")


@PROPERTIES.property("trains in half precision", "on a GPU, `amp` is on by default", applies=is_trained)
def trains_in_half_precision(method: Kind) -> None:
    data = images()
    model = make(method, build_task(data.labels))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        losses = model(data.features, data.labels, ROWS, mode="loss")
    for name, value in losses.items():
        require(value.dtype == torch.float32, f"`{name}` is {value.dtype} under autocast; sum it in float32")
    loss = total(losses)
    loss.backward()
    finite = all(p.grad is None or p.grad.isfinite().all() for p in model.parameters())
    require(finite, "a gradient is not finite under autocast")
    whole = total(make(method, build_task(data.labels))(data.features, data.labels, ROWS, mode="loss"))
    require_close(loss, whole, "the loss under autocast is another one", rtol=0.1, atol=0.1)


@PROPERTIES.property(
    "trains all that is trainable and nothing else",
    "a parameter without a gradient is dead, and what others share must stay as it is",
    applies=is_trained,
)
def trains_what_is_trainable(method: Kind) -> None:
    data = partly(images())
    task = build_task(data.labels)
    model = make(method, task)
    moved: set[str] = set()
    untouched = copy.deepcopy([data, task.observed, task.position, task.text.state_dict()])

    def note(loss: Tensor) -> None:
        moved.update(key for key, p in model.named_parameters() if p.grad is not None and p.grad.abs().max() > 0)

    fit(model, data, EPOCHS, watch=note)
    for key, parameter in model.named_parameters():
        require((parameter.grad is not None) == parameter.requires_grad, f"`{key}` gets no gradient from the loss")
        require(key in moved or not parameter.requires_grad, f"the gradient of `{key}` is always 0")
    frozen = all(p.grad is None and not p.requires_grad for p in task.text.parameters())
    require(frozen, "the text tower gets gradients; it is frozen")
    now = [data, task.observed, task.position, task.text.state_dict()]
    require_close(now, untouched, "training changes the features, labels or text tower that it was given")


@PROPERTIES.property(
    "learns", "with all labels of 80 images it ranks 200 others hardly better than a constant", applies=is_taught
)
def learns(method: Kind) -> None:
    """From one of three initialisations, since some never leave a poor start; most need ten epochs of the first.

    Classes are nearly as rare as in real data sets: a loss that ignores negatives which look positive, as the Hill loss
    does, ends in all-ones where a third of all labels are positive. The rate is at most ten times the method's own: a
    transformer diverges at rates that suit a linear head.
    """
    data, unseen = draw_toy_data(80, seed=0, share=0.2), draw_toy_data(200, seed=1, share=0.2)
    needed = 100 * (unseen.labels > 0).float().mean().item() + 20
    rate, best = min(1e-2, 10 * method.Config().lr), 0.0
    for epochs, seed in ((10, 0), (50, 0), (50, 1), (50, 2)):
        scores = trained(method, data, seed, epochs, lr=rate).score(unseen.features)
        best = max(best, mean_average_precision(scores.numpy(), unseen.labels.numpy()))
        if best > needed:
            return
    require(False, f"mAP {best:.0f} after 50 epochs; {needed:.0f} is 20 points above a constant score")


@PROPERTIES.property(
    "works on a GPU",
    "a tensor is made on the CPU whatever the device of its inputs",
    applies=lambda method: torch.cuda.is_available(),
)
def works_on_a_gpu(method: Kind) -> None:
    data = partly(images())
    losses: dict[str, list[float]] = {"cpu": [], "cuda": []}
    for device, recorded in losses.items():
        moved = Data(Features(*(part.to(device) for part in data.features)), data.labels.to(device))
        model: Method = make(method, _on_device(build_task(moved.labels), device)).to(device)
        if is_trained(method):
            fit(model, moved, EPOCHS, lr=1e-3, watch=lambda loss, recorded=recorded: recorded.append(loss.item()))  # type: ignore[misc]
        scores = model.score(moved.features)
        require(scores.device.type == device, f"scores on {device} come on {scores.device.type}")
        require(scores.isfinite().all(), f"scores on {device} are not finite")
        elsewhere = [key for key, value in model.state_dict().items() if value.device.type != device]
        require(not elsewhere, f"on {device} {', '.join(elsewhere)} of its state is elsewhere")
    first = torch.tensor(losses["cuda"][:1]), torch.tensor(losses["cpu"][:1])
    require_close(*first, "the first loss on a GPU is another one", rtol=0.2, atol=0.2)  # starts are drawn apart


def _on_device(task: Task, device: str) -> Task:
    return dataclasses.replace(
        task, position=task.position.to(device), text_tower=task.text.to(device), observed=task.observed.to(device)
    )
