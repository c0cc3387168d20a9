"""Stand-in for observed labels that are held as lists: what a method gets that reads its batches alone."""

from typing import Any

import torch

from bench.errors import BenchError
from bench.system.sparse import SparseLabels


class UnreadError(BenchError):
    """A method that says to read its batches alone has read the labels of all images: a defect of the method."""


class Unread:
    """Observed labels of which a method may know the size and the device, and nothing else."""

    def __init__(self, shape: tuple[int, int], device: torch.device):
        self.shape, self.device = torch.Size(shape), device

    def __len__(self) -> int:
        return self.shape[0]

    def __getattr__(self, name: str) -> Any:
        raise UnreadError(
            f"Task.observed was read ({name}), and these labels are no table; a method that reads them must not say "
            "batches_suffice."
        )

    def __eq__(self, other: object) -> bool:
        return bool(self.__getattr__("=="))

    def __getitem__(self, rows: Any) -> Any:
        return self.__getattr__("[]")

    __hash__ = object.__hash__


def observed_table(observed: Any, device: torch.device) -> Any:
    """Observed labels as methods get them: a tensor (N, C); of labels that are held as lists the stand-in."""
    if isinstance(observed, SparseLabels):
        return Unread(observed.shape, device)
    return torch.from_numpy(observed).to(device)
