"""Toy methods: small, fast, and each with one property that a test of the core needs."""

import signal
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from bench.data import Dataset, Split
from bench.errors import UsageError
from bench.planning.plan import cells, plan
from bench.planning.request import Request
from bench.records.cells import Cell
from bench.records.store import Store
from bench.settings.config import build, setting
from bench.system.files import read_lines
from bench.training import Outcome, run_cell
from bench.training.pseudo_quality import JUDGED
from bench.training.resources import Resources
from bench.training.weights import from_bytes
from methods import METHODS, Batch, Features, Method, MethodConfig, Task

TINY = {"n_train": 120, "n_test": 60}
QUICK = {"epochs": 3, "batch_size": 60, "ema": 0.9, "schedule": "onecycle", "warmup": 1}
"""Short, and with everything on that has a state: averaged weights, rising and falling rate, pseudo-labels."""

TOYS: dict[str, type[Method]] = {}


def toy(cls: type[Method]) -> type[Method]:
    cls.name = f"toy_{cls.__name__.lower()}"
    TOYS[cls.name] = cls
    return cls


@dataclass(frozen=True, kw_only=True)
class ToyConfig(MethodConfig):
    epochs: int = setting(4, "training epochs", ge=0)
    batch_size: int = setting(50, "images in a batch", ge=1)
    ema: float = setting(0.9, "decay of the weight average", ge=0, lt=1)
    dropout: float = setting(0.5, "dropout on the pooled vector", ge=0, lt=1)


@toy
class Linear(Method):
    """A linear head with dropout: draws from the global random state in every step."""

    Config = ToyConfig

    def __init__(self, config: Any, task: Task):
        super().__init__(config, task)
        self.head = nn.Linear(task.dim, task.num_classes)
        self.dropout = nn.Dropout(config.dropout)

    def logits(self, features: Features) -> Tensor:
        return self.head(self.dropout(F.normalize(features.pooled, dim=-1)))

    def loss(self, batch: Batch) -> dict[str, Tensor]:
        known = batch.labels != 0
        terms = F.binary_cross_entropy_with_logits(self.logits(batch.features), (batch.labels > 0).float(), known)
        return {"loss_toy": terms}

    def scorer(self) -> Callable[[Features], Tensor]:
        torch.rand(3)  # as a careless method does: evaluation must leave no trace in training
        return torch.no_grad()(self.logits)


@toy
class Buffered(Linear):
    """Scores with a running mean that training fills: its state is a buffer."""

    def __init__(self, config: Any, task: Task):
        super().__init__(config, task)
        self.register_buffer("mean", torch.zeros(task.dim))

    def loss(self, batch: Batch) -> dict[str, Tensor]:
        self.mean.lerp_(batch.features.pooled.mean(dim=0), 0.1)
        return super().loss(batch)

    def logits(self, features: Features) -> Tensor:
        return super().logits(features._replace(pooled=features.pooled - self.mean))


@toy
class Forgetful(Linear):
    """Keeps state in a plain attribute, which no checkpoint holds: a resumed run must differ."""

    steps = 0

    def loss(self, batch: Batch) -> dict[str, Tensor]:
        self.steps += 1
        return {"loss_toy": super().loss(batch)["loss_toy"] * self.steps}


@toy
class Peeking(Linear):
    """Reads the full labels through a side door: the leak that the leak test must see."""

    def loss(self, batch: Batch) -> dict[str, Tensor]:
        full = torch.from_numpy(np.array(Relabelled.newest.train.labels))
        return super().loss(batch._replace(labels=full[batch.rows]))


@toy
class Refusing(Linear):
    """Raises in its second epoch while `broken` is set."""

    broken = True

    def start_epoch(self, epoch: int) -> None:
        if epoch == 1 and self.broken:
            raise RuntimeError("the toy refuses [/on purpose]\nwith a second line")


@toy
class Swallowing(Linear):
    """Ctrl-C comes in its second epoch, and code like a library's takes it for an error of its own."""

    def start_epoch(self, epoch: int) -> None:
        if epoch == 1:
            try:
                signal.raise_signal(signal.SIGINT)
            except BaseException as error:
                raise SyntaxError("please check the configuration") from error


@toy
class Diverging(Linear):
    """Its loss is not a number."""

    def loss(self, batch: Batch) -> dict[str, Tensor]:
        return {"loss_toy": super().loss(batch)["loss_toy"] * float("nan")}


class Relabelled(Dataset):
    """Another dataset's images with other training labels."""

    name = "relabelled"
    newest: "Relabelled"

    def __init__(self, like: Dataset, labels: np.ndarray):
        super().__init__(like.options, None, like.cache)
        self._like, self._train = like, Split(like.train.ids, labels, like.train.images)
        Relabelled.newest = self

    @property
    def class_names(self) -> tuple[str, ...]:
        return self._like.class_names

    @property
    def train(self) -> Split:
        return self._train

    @property
    def test(self) -> Split:
        return self._like.test


def quiet(what: str, done: int, total: int) -> None:
    """Progress that nobody watches."""


def make_cell(
    resources: Resources,
    method: str,
    *,
    percent: int = 50,
    seed: int = 0,
    holdout: int = 0,
    feed: str = "plain",
    fed: dict[str, Any] | None = None,
    **options,
) -> Cell:
    """A cell as `bench run` would plan it; `options` that the method does not take are left out. `fed`: its feed's."""
    known = {name: value for name, value in options.items() if _takes(METHODS.get(method), name, value)}
    # Relabelled stands in for scenes: their options are the same.
    overrides = {method: known, feed: fed or {}}
    sweep = Request((method,), (percent,), (seed,), holdout=holdout, overrides=overrides, feed=feed)
    return next(cells(plan(sweep, resources.dataset)))


def _takes(method: type[Method], name: str, value: Any) -> bool:
    try:
        return bool(build(method.Config, {name: value}, owner=method.name))
    except UsageError:
        return False


def run(cell: Cell, resources: Resources, folder: Path, watch: Callable = lambda epoch, record: None) -> Outcome:
    """Run `cell` in `folder` as a sweep does, without the store around it; the checkpoint stays."""
    (folder / "checkpoint").mkdir(parents=True, exist_ok=True)
    return run_cell(cell, resources.inputs(cell)[0], folder, watch)


def checkpoint(folder: Path) -> dict[str, Any]:
    """The last checkpoint in `folder`."""
    return torch.load(folder / "checkpoint" / "last.pth", weights_only=True)


def final_parameters(folder: Path) -> dict[str, Tensor]:
    """All that training changed: plain and averaged weights, buffers."""
    saved = checkpoint(folder)
    return {**saved["state_dict"], **{f"average.{name}": v for name, v in saved.get("ema_state_dict", {}).items()}}


def assert_same_weights(one: Store, other: Store, key: str) -> None:
    """Both stores keep the cell's final weights, and they are equal to the last bit."""
    ours, theirs = (from_bytes(store.weights(key) or b"") for store in (one, other))
    assert ours
    assert ours.keys() == theirs.keys()
    assert all(same_bits(ours[name], theirs[name]) for name in ours)


def assert_same_training(one: Path, other: Path, same_truth: bool = True) -> None:
    """Both folders hold a training with equal parameters and equal losses, to the last bit.

    same_truth: whether hidden labels are the same, so that pseudo-labels are equally right.
    """
    ours, theirs = final_parameters(one), final_parameters(other)
    assert ours.keys() == theirs.keys()
    different = [name for name in ours if not same_bits(ours[name], theirs[name])]
    assert not different, f"these parameters differ: {different}"
    ours, theirs = (
        [{name: value for name, value in record.items() if same_truth or name not in JUDGED} for record in losses(of)]
        for of in (one, other)
    )
    assert ours == theirs


def assert_same_scores(one: np.ndarray, other: np.ndarray) -> None:
    assert one.dtype == other.dtype == np.float32
    different = int((one != other).sum())
    assert different == 0, f"{different} of {one.size} scores differ, by up to {abs(one - other).max()}"


def same_bits(one: Tensor, other: Tensor) -> bool:
    """Equal as bytes: a NaN, where a method keeps one, equals itself."""
    return one.dtype == other.dtype and one.numpy().tobytes() == other.numpy().tobytes()


def losses(folder: Path) -> list[dict[str, float]]:
    """The curve without what a clock says and without the metrics of held-out images."""
    return [
        {name: value for name, value in record.items() if name != "seconds" and not name.startswith("heldout_")}
        for record in read_lines(folder / "curve.jsonl")
    ]


class Recorder:
    """An observer that remembers what it was told; `interrupt` raises KeyboardInterrupt after that many epochs."""

    def __init__(self, interrupt: int = 0):
        self.started: list[str] = []
        self.endings: list[tuple[str, str]] = []
        self.messages: list[str] = []
        self.epochs: list[int] = []
        self.interrupt = interrupt

    def cell_started(self, cell: Cell) -> None:
        self.started.append(cell.key)

    def epoch_ended(self, cell: Cell, epoch: int, epochs: int, record: dict[str, Any]) -> None:
        self.epochs.append(epoch)
        if epoch == self.interrupt:
            raise KeyboardInterrupt

    def cell_ended(self, cell: Cell, ending: str, message: str) -> None:
        self.endings.append((cell.key, ending))
        self.messages.append(message)
