"""Location of resources: what another process needs to open the same ones."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import torch

from bench.data import DATASETS
from bench.settings.plugins import CarriesPlugins
from bench.training.images import EncodeProgress
from bench.training.kept import Kept
from bench.training.resources import Resources


@dataclass(frozen=True)
class Location(CarriesPlugins):
    """What resources is opened from; small enough to send to a process, and its pickles bring the plugins along.

    blind: whether the test split is out of reach (a search). kept: what finished cells keep beside row and scores.
    """

    dataset: str
    options: Any
    root: Path | None
    cache: Path
    blind: bool = False
    kept: Kept = Kept()

    @classmethod
    def of(cls, resources: Resources) -> Self:
        from bench.data.blind import is_blind

        dataset = resources.dataset
        return cls(dataset.name, dataset.options, dataset.root, resources.cache, is_blind(dataset), resources.kept)

    def open(self, device: torch.device, progress: EncodeProgress) -> Resources:
        """Resources with the same dataset, not yet read."""
        from bench.data.blind import blind

        dataset = DATASETS.get(self.dataset)(self.options, self.root, self.cache)
        opened = blind(dataset) if self.blind else dataset
        return Resources(opened, device, self.cache, progress, self.kept)
