"""What a protocol is, and the facts of a mask that go into every result."""

import hashlib
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from bench.config import NoOptions
from bench.registry import Registry

PROTOCOLS: Registry[type["Protocol"]] = Registry("protocol", packages=("protocols",))


class Protocol(ABC):
    """A rule (labels, percent, seed) -> observed labels, the same for every method.

    `nested`: what is known at a smaller percent is known at every larger one, for the same seed.
    `has_percent`: whether the rule takes a share of known labels at all.
    """

    name: ClassVar[str]
    version: ClassVar[int] = 1
    has_percent: ClassVar[bool] = True
    nested: ClassVar[bool] = True
    Options: ClassVar[type] = NoOptions

    def __init__(self, options: Any = None):
        self.options = options if options is not None else self.Options()

    @abstractmethod
    def observe(self, labels: np.ndarray, percent: int | None, seed: int) -> np.ndarray:
        """Observed labels int8 (N, C) in {-1, 0, +1} from full labels (N, C); never a value that is not `labels`'s."""


@dataclass(frozen=True)
class MaskFacts:
    """What a mask came to: its digest and how much it left."""

    sha256: str
    known: float
    known_positives: float
    known_negatives: float
    images_without_labels: int
    classes_without_positives: int


def mask_facts(labels: np.ndarray, observed: np.ndarray) -> MaskFacts:
    """Digest and realised shares of `observed` (N, C) against the full `labels` (N, C)."""
    known = observed != 0
    positive = labels == 1
    return MaskFacts(
        sha256=hashlib.sha256(np.ascontiguousarray(observed).tobytes()).hexdigest(),
        known=float(known.mean()),
        known_positives=float(known[positive].mean()) if positive.any() else float("nan"),
        known_negatives=float(known[~positive].mean()) if (~positive).any() else float("nan"),
        images_without_labels=int((~known).all(axis=1).sum()),
        classes_without_positives=int((~(observed == 1)).all(axis=0).sum()),
    )
