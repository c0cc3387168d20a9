"""Observed labels of a cell: drawn once a mask, kept in the cache, and mapped by every process that trains on it."""

import functools
import hashlib
from collections.abc import Callable
from pathlib import Path

import numpy as np

import bench.system.seeding
import protocols
from bench.axes.components import options_of
from bench.data import Split
from bench.data.base import label_bytes
from bench.records.cells import Cell
from bench.records.component import canonical_json
from bench.system.mapped import SMALLEST_MAPPED, mapped
from bench.system.paths import MASKS_FOLDER
from bench.system.sparse import SparseLabels
from protocols import PROTOCOLS, Images
from protocols.splits import held_out


class Masks:
    """The masks of one dataset's training images."""

    def __init__(self, train: Split, cache: Path):
        self.train, self.cache = train, cache

    def whole(self, cell: Cell) -> np.ndarray:
        """What the cell's protocol leaves of all training images, int8 (N, C)."""
        return self._mapped(cell, 0, lambda: self._drawn(cell))

    def observed(self, cell: Cell, held: np.ndarray) -> np.ndarray:
        """The same without the held-out images. What a process writes into it stays its own."""
        whole = self.whole(cell)
        if not len(held):
            return whole
        if isinstance(whole, SparseLabels):
            return whole.without(held)

        def without() -> np.ndarray:
            left = whole.copy()
            left[held] = 0
            return left

        return self._mapped(cell, cell.holdout, without)

    @property
    def empty(self) -> np.ndarray:
        """A mask that leaves nothing."""
        labels = self.train.labels
        if isinstance(labels, SparseLabels):
            return labels.without(np.arange(len(labels)))
        return np.zeros(labels.shape, np.int8)  # pages that nobody writes into take no memory

    def heldout_rows(self, cell: Cell) -> tuple[np.ndarray, np.ndarray]:
        """Rows that are trained on, and rows held out."""
        return held_out(len(self.train), cell.holdout, cell.stream("mask"))

    def _drawn(self, cell: Cell) -> np.ndarray:
        protocol_class = PROTOCOLS.get(cell.protocol.name)
        protocol = protocol_class(options_of(cell.protocol, protocol_class.Options))
        images = Images(self.train.ids, self.train.positions, self.train.official_count)
        return protocol.observe(self.train.labels, cell.percent, cell.stream("mask"), images)

    def _mapped(self, cell: Cell, holdout: int, make: Callable[[], np.ndarray]) -> np.ndarray:
        labels = self.train.labels
        if isinstance(labels, SparseLabels) or labels.nbytes < SMALLEST_MAPPED:
            return make()
        mask = [cell.protocol.to_json(), cell.percent, cell.stream("mask"), holdout]
        identity = canonical_json([_rules_source(), np.__version__, self._labels_digest, mask])
        key = hashlib.sha256(identity.encode()).hexdigest()[:16]
        return mapped(self.cache / MASKS_FOLDER / f"{key}.npy", make)

    @functools.cached_property
    def _labels_digest(self) -> str:
        """Of all that masks are drawn from."""
        train = self.train
        digest = hashlib.sha256("\n".join((str(train.official_count), *train.ids)).encode())
        for part in label_bytes(train.labels):
            digest.update(part)
        if train.positions is not None:
            digest.update(train.positions.tobytes())
        return digest.hexdigest()


@functools.cache
def _rules_source() -> str:
    """A hash of the source of all protocols and of the random streams: another rule must not find an older mask."""
    files = [*sorted(Path(protocols.__path__[0]).glob("*.py")), Path(bench.system.seeding.__file__)]
    return hashlib.sha256(b"\0".join(path.read_bytes() for path in files)).hexdigest()
