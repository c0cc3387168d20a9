"""A dataset's labels and features sent to nodes that have none of its files, by way of Ray's object store."""

import threading
from dataclasses import replace
from typing import Any

import numpy as np

from bench.data import Dataset, Split
from bench.data.images import NoImages
from bench.errors import UsageError
from bench.executors.ray.shipped import Index, ShippedData
from bench.records.cells import Cell
from bench.training.resources import Resources

NO_IMAGES_SENT = "images were not sent to this node, only features; leave --ship-features out."


class Shipping:
    """In the driver: encodes what a cell needs unless that is done, and describes where a node gets it.

    Everything is put into the object store once; a node fetches what its cells ask for, and its workers share it.
    """

    def __init__(self, resources: Resources):
        self.resources = resources
        self._index: Any = None
        self._features: dict[Any, Any] = {}
        self._turn = threading.Lock()

    def __call__(self, cell: Cell) -> "ShippedData":
        import ray

        if cell.feed.name == "live":
            raise UsageError("--ship-features sends features, and --live reads images; leave one of them out.")
        if self.resources.images.pack:
            raise UsageError("a feature pack is one file: copy it to the nodes, and leave --ship-features out.")
        with self._turn:
            self.resources.images.prepare(cell)
            if self._index is None:
                self._index = ray.put(_index(self.resources.dataset, cell.test))
            for where, entry in self.resources.images.encoded.items():
                if where not in self._features:
                    self._features[where] = ray.put((np.asarray(entry.dense), np.asarray(entry.pooled)))
            return ShippedData(self._index, tuple(self._features.items()), self.resources.kept)


def _index(dataset: Dataset, with_test: bool) -> Index:
    def without_images(split: Split) -> Split:
        return replace(split, images=NoImages(len(split), NO_IMAGES_SENT))

    test = without_images(dataset.test) if with_test else None
    return Index(
        dataset.name,
        dataset.default_backbone,
        dataset.options,
        dataset.class_names,
        dataset.fingerprint,
        dataset.facts,
        without_images(dataset.train),
        test,
    )
