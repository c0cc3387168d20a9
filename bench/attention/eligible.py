"""Cells whose attention can be shown: those whose method has some, and those over the same images."""

from collections.abc import Sequence

import torch

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


def refuse_apart(cells: Sequence[Cell]) -> None:
    """UsageError for one cell twice, or for cells of different datasets: there are no images to look at together."""
    first = cells[0]
    for other in cells[1:]:
        if other.key == first.key:
            raise UsageError(f"both keys name cell {first.key} ({first.title}); give two cells, or one alone.")
        if other.dataset != first.dataset:
            raise UsageError(
                f"cell {other.key} ({other.title}) is of other images or labels than cell {first.key} ({first.title}); "
                "give two cells of one dataset with the same options."
            )


def _blind(cell: Cell) -> str:
    seeing = [name for name in METHODS.names() if METHODS.get(name).attention is not Method.attention]
    return (
        f"{cell.title} has no attention to show: with its settings, no class weighs the positions of an image; "
        f"methods that do: {', '.join(seeing)}."
    )
