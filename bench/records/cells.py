"""A cell is one training run; its key is a hash of everything that decides its result and of nothing else."""

import functools
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from bench.records.component import PLAIN_FEED, Component, canonical_json
from bench.records.names import plain_name

SCHEMA = 2
"""Raised when what a cell means changes for every cell, for instance the way in which metrics are taken."""

CELL_STREAMS = ("mask", "init", "order")
"""What of a cell's randomness can have a seed of its own.

mask: which labels are known, and which images are held out. order: the order of the training batches. init: the
initial parameters and all that is drawn while training but the order, such as dropout and augmentation.
"""

Judged = Literal["full", "observed"]
"""By which labels held-out images are judged."""

COMPONENT_AXES = ("method", "dataset", "protocol", "backbone", "feed")


@dataclass(frozen=True)
class Cell:
    """Method x dataset x protocol x percent x seed x backbone x feed.

    percent: share of labels known, or None where it has no meaning (protocol without a ratio, method without labels).
    holdout: percent of the training images kept out of training to select on; 0 trains on all.
    feed: where the features of a training batch come from (`bench.features.feeds`).
    streams: seeds of single streams of randomness (`CELL_STREAMS`), where they differ; `seed` is that of all others,
    and of the mask in any case.
    judged: whether held-out images are judged by all their labels, or by those alone that the protocol leaves known.
    test: whether the test split is scored; a search's cells have none.
    """

    method: Component
    dataset: Component
    protocol: Component
    backbone: Component
    percent: int | None
    seed: int
    holdout: int = 0
    feed: Component = PLAIN_FEED
    streams: Mapping[str, int] = field(default_factory=dict)
    judged: Judged = "full"
    test: bool = True

    def __post_init__(self) -> None:
        unknown = set(self.streams) - set(CELL_STREAMS)
        if unknown:
            raise ValueError(f"a cell has no stream {sorted(unknown)[0]!r}; its streams are {', '.join(CELL_STREAMS)}")
        # One training has one key, however its seeds were given: `seed` is the mask's, others are listed separately.
        seeds = {name: self.streams.get(name, self.seed) for name in CELL_STREAMS}
        object.__setattr__(self, "seed", seeds["mask"])
        object.__setattr__(self, "streams", {name: seed for name, seed in seeds.items() if seed != seeds["mask"]})

    def __hash__(self) -> int:
        return hash(self.key)

    def stream(self, name: str) -> int:
        """The seed of the stream `name` of `CELL_STREAMS`."""
        if name not in CELL_STREAMS:
            raise ValueError(f"a cell has no stream {name!r}; its streams are {', '.join(CELL_STREAMS)}")
        return self.streams.get(name, self.seed)

    @functools.cached_property
    def key(self) -> str:
        """16 hex digits of SHA-256 over the canonical JSON of the cell."""
        return hashlib.sha256(canonical_json(self.to_json()).encode()).hexdigest()[:16]

    @property
    def epochs(self) -> int:
        """Training epochs of the method's settings; 0 for a method that does not train."""
        return int(self.method.options.get("epochs", 0))

    @property
    def title(self) -> str:
        """How a person reads it: `trm_ml scenes partial 10% seed 0`."""
        return self.title_as(self.method.name)

    def title_as(self, method: str) -> str:
        """The title with another name for the method, such as that of its variant."""
        ratio = "" if self.percent is None else f" {self.percent}%"
        seeds = "".join(f" {name} {seed}" for name, seed in self.streams.items())
        feed = "" if self.feed.name == PLAIN_FEED.name else f" {self.feed.name}"
        return f"{method} {self.dataset.name} {self.protocol.name}{ratio} seed {self.seed}{seeds}{feed}"

    def to_json(self) -> dict[str, Any]:
        axes = {name: getattr(self, name).to_json() for name in COMPONENT_AXES}
        plain = {"schema": SCHEMA, **axes, "percent": self.percent, "seed": self.seed, "holdout": self.holdout}
        # Fields at their usual value are left out, so that the keys of all other cells stay as they were.
        unusual: dict[str, Any] = {"streams": dict(self.streams)} if self.streams else {}
        if self.judged != "full":
            unusual["judged"] = self.judged
        if not self.test:
            unusual["test"] = self.test
        return {**plain, **unusual}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Cell":
        present = [name for name in COMPONENT_AXES if name in data]  # schema 1: no feed
        axes: dict[str, Any] = {name: Component(**data[name]) for name in present}
        for axis in ("dataset", "protocol", "backbone"):  # they name folders and MLflow's experiments
            plain_name(axes[axis].name, f"a {axis}'s name")
        plain = {name: data[name] for name in ("percent", "seed", "holdout")}
        unusual = {name: data[name] for name in ("streams", "judged", "test") if name in data}
        return cls(**axes, **plain, **unusual)
