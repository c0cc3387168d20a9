"""Datasets that can be opened here and are those of other people's cells; masks and test labels by them."""

from pathlib import Path
from typing import Any

import torch

from bench.data import Dataset
from bench.errors import BenchError
from bench.planning.plan import open_dataset
from bench.planning.request import Request
from bench.records.cells import Cell
from bench.records.component import Component
from bench.records.reader import Targets
from bench.training.resources import Resources
from protocols import mask_facts


class DatasetsAtHand:
    """Each dataset is opened once, and each mask drawn once.

    root: where the dataset is, a folder or a feature pack; by default as for `bench run`.
    """

    def __init__(self, cache: Path, root: Path | None):
        self.cache, self.root = cache, root
        self._opened: dict[Component, Resources | None] = {}
        self._masks: dict[Any, str | None] = {}

    def _open(self, component: Component) -> Dataset | None:
        for root in dict.fromkeys((self.root, None)):
            try:
                dataset = open_dataset(
                    Request(
                        (),
                        (),
                        dataset=component.name,
                        backbone="any",
                        overrides={component.name: component.options},
                        root=root,
                    ),
                    self.cache,
                )
                if dataset.component == component:
                    return dataset
            except BenchError:
                continue
        return None

    def targets(self, cell: Cell) -> Targets | None:
        """The test labels of the cell's dataset; None where it is not here."""
        resources = self._resources(cell.dataset)
        return resources.targets if resources else None

    def mask(self, cell: Cell) -> str | None:
        """The digest of the labels that the cell may see, drawn again; None where that cannot be done here."""
        where = (cell.method, cell.dataset, cell.protocol, cell.percent, cell.stream("mask"), cell.holdout)
        if where not in self._masks:
            self._masks[where] = self._drawn(cell)
        return self._masks[where]

    def _drawn(self, cell: Cell) -> str | None:
        try:
            resources = self._resources(cell.dataset)
            if resources is None:
                return None
            given = resources.labels.given(cell)
            return mask_facts(resources.dataset.train.labels, given.observed, given.train_rows).sha256
        except BenchError:  # a method, or a file that the protocol reads, that is not here
            return None

    def _resources(self, component: Component) -> Resources | None:
        if component not in self._opened:
            dataset = self._open(component)
            cpu = torch.device("cpu")
            self._opened[component] = Resources(dataset, cpu, self.cache, _silent) if dataset else None
        return self._opened[component]


def _silent(title: str, done: int, total: int) -> None: ...
