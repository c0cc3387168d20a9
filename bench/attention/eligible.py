"""Cells whose attention can be shown: those whose method has some."""

import torch

from bench.data.pack.dataset import NO_IMAGES
from bench.errors import UsageError
from bench.records.cells import Cell
from bench.trained import TrainedCell
from methods import METHODS, Features, Method


@torch.no_grad()
def look(trained: TrainedCell, features: Features) -> torch.Tensor:
    """Where each class looks, (B, C, HW); UsageError if the method has no such weights."""
    maps = trained.method.attention(features)
    if maps is None:
        raise UsageError(_blind(trained.cell))
    return maps.float()


def refuse_blind(cell: Cell) -> None:
    """UsageError for a method without attention maps under any settings, raised before anything is opened."""
    if METHODS.get(cell.method.name).attention is Method.attention:
        raise UsageError(_blind(cell))


def refuse_no_images(trained: TrainedCell) -> None:
    """UsageError where the dataset is a feature pack: known before anything is drawn."""
    if trained.resources.images.pack is not None:
        raise UsageError(f"{trained.cell.title} was opened on {trained.resources.images.pack.root}; {NO_IMAGES}")


def _blind(cell: Cell) -> str:
    seeing = [name for name in METHODS.names() if METHODS.get(name).attention is not Method.attention]
    return (
        f"{cell.title} has no attention to show: with its settings, no class weighs the positions of an image; "
        f"methods that do: {', '.join(seeing)}."
    )
