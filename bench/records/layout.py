"""Layout of a store: the folders of cells, test labels and sweeps."""

from abc import abstractmethod
from pathlib import Path
from typing import Protocol

from bench.records.paths import inside
from bench.records.sweeps import SweepRecord

SCORES_FILE, CURVE_FILE, WEIGHTS_FILE = "scores.npz", "curve.jsonl", "weights.safetensors"
CHECKPOINT_FILE = "checkpoint/last.pth"


class StoreLayout(Protocol):
    """Where the files of a store's cells are; subclasses define it, and inherit the reading.

    root: the folder that reports are written below.
    """

    root: Path

    @abstractmethod
    def folder(self, key: str) -> Path:
        """The folder of a cell, begun or not; DataError for what is no key."""

    @abstractmethod
    def keys(self) -> list[str]:
        """Keys of all cells that were ever started."""

    @abstractmethod
    def targets_file(self, content: str) -> Path:
        """The file of the test labels of the dataset with this fingerprint."""

    @abstractmethod
    def sweeps(self) -> list[SweepRecord]:
        """All sweeps, the one requested last at the end; other files are left out with a warning."""

    def file(self, key: str, name: str) -> Path:
        """A file of the cell; DataError where a link of that name leads out of the cell's folder."""
        return inside(self.folder(key), name)
