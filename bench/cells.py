"""A cell is one training run; its key is a hash of everything that decides its result and of nothing else."""

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

SCHEMA = 1
"""Raised when what a cell means changes for every cell, for instance the way in which metrics are taken."""


@dataclass(frozen=True)
class Component:
    """One axis of a cell, fully resolved: no default is left implicit.

    fingerprint: the content hash of what the name stands for, where there is content
    (labels and image list of a dataset, weights of a backbone).
    """

    name: str
    version: int = 1
    options: Mapping[str, Any] = field(default_factory=dict)
    fingerprint: str = ""

    def __hash__(self) -> int:
        return hash(canonical_json(dataclasses.asdict(self)))


@dataclass(frozen=True)
class Cell:
    """Method x dataset x protocol x percent x seed x backbone.

    percent: share of labels known, or None where it has no meaning (protocol without a ratio, method without labels).
    holdout: percent of the training images kept out of training to select on; 0 trains on all.
    """

    method: Component
    dataset: Component
    protocol: Component
    backbone: Component
    percent: int | None
    seed: int
    holdout: int = 0

    @property
    def key(self) -> str:
        """16 hex digits of SHA-256 over the canonical JSON of the cell."""
        return hashlib.sha256(canonical_json(self.to_json()).encode()).hexdigest()[:16]

    @property
    def title(self) -> str:
        """How a person reads it: `trm_ml scenes partial 10% seed 0`."""
        ratio = "" if self.percent is None else f" {self.percent}%"
        return f"{self.method.name} {self.dataset.name} {self.protocol.name}{ratio} seed {self.seed}"

    def to_json(self) -> dict[str, Any]:
        return {"schema": SCHEMA, **dataclasses.asdict(self)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Cell":
        axes = {name: Component(**data[name]) for name in ("method", "dataset", "protocol", "backbone")}
        return cls(**axes, percent=data["percent"], seed=data["seed"], holdout=data["holdout"])


def canonical_json(data: Any) -> str:
    """One text for equal data: sorted keys, no spaces, no NaN."""
    return json.dumps(data, sort_keys=True, separators=(",", ":"), allow_nan=False)
