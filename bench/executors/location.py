"""How another process opens the workbench that this one has."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import torch

from bench.data import DATASETS
from bench.training.inputs import EncodeProgress, Workbench


@dataclass(frozen=True)
class Site:
    """What a workbench is opened from; small enough to send to a process.

    blind: whether the test split is out of reach (a search). weights: whether finished cells keep theirs.
    """

    dataset: str
    options: Any
    root: Path | None
    cache: Path
    blind: bool = False
    weights: bool = True

    @classmethod
    def of(cls, bench: Workbench) -> Self:
        from bench.data.blind import is_blind

        dataset = bench.dataset
        return cls(dataset.name, dataset.options, dataset.root, bench.cache, is_blind(dataset), bench.keep_weights)

    def open(self, device: torch.device, progress: EncodeProgress) -> Workbench:
        """A workbench with the same dataset, not yet read."""
        from bench.data.blind import blind

        dataset = DATASETS.get(self.dataset)(self.options, self.root, self.cache)
        opened = blind(dataset) if self.blind else dataset
        return Workbench(opened, device, self.cache, progress, keep_weights=self.weights)
