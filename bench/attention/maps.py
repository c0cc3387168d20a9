"""Attention maps of the images that are drawn, and the pointing game over the whole split."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from bench.attention.eligible import look
from bench.attention.pointing import Pointing, pointing
from bench.attention.request import AttentionRequest
from bench.data.base import Box
from bench.records.reader import StoreReader
from bench.records.rows import Row
from bench.trained import TrainedCell

DRIFT = 0.01
"""Logits of the same image may differ by this between two ways of encoding it; by more, and it is another model."""


@dataclass(frozen=True)
class CellMaps:
    """Of N drawn images: maps (N, C, HW) on a grid, scores (N, C).

    game: the pointing game over `measured` images, None where no boxes are known. warnings: sentences that must stand
    beside what is shown.
    """

    row: Row
    maps: np.ndarray
    scores: np.ndarray
    grid: tuple[int, int]
    game: Pointing | None
    measured: int
    warnings: tuple[str, ...]


def cell_maps(
    trained: TrainedCell, request: AttentionRequest, rows: Sequence[int], row: Row, store: StoreReader, stale: bool
) -> CellMaps:
    """Look at the split's images `rows` with a cell's model."""
    images = [trained.split(request.part).images[i] for i in rows]
    features = trained.encode(images)
    maps, scores = look(trained, features).cpu().numpy(), trained.score(features).cpu().numpy()
    grid = trained.backbone.grid
    game, measured = _measured(trained, request, rows, maps, grid)
    # On the test split, use the stored scores, from which the cell's row was made.
    stored = store.scores(row.key)[rows] if request.part == "test" else None
    return CellMaps(row, maps, scores, grid, game, measured, tuple(_warnings(row, stale, scores, stored)))


def _measured(
    trained: TrainedCell, request: AttentionRequest, rows: Sequence[int], maps: np.ndarray, grid: tuple[int, int]
) -> tuple[Pointing | None, int]:
    """The pointing game over the whole split where its features are there, else over what is drawn."""
    boxes: Sequence[Sequence[Box]] | None = trained.resources.dataset.boxes(request.part)
    if boxes is None:
        return None, 0
    if trained.has_features(request.part):
        peaks = np.concatenate(
            [look(trained, batch).argmax(dim=-1).cpu().numpy() for batch in trained.batches(request.part)]
        )
    else:
        peaks, boxes = maps.argmax(axis=-1), [boxes[i] for i in rows]
    game = pointing(peaks, boxes, grid)
    return (game if game.pairs.any() else None), len(peaks)


def _warnings(row: Row, stale: bool, scores: np.ndarray, stored: np.ndarray | None) -> Iterator[str]:
    if "random weights" in row.flags:
        yield "the backbone's weights are random: the maps mean nothing"
    drift = 0.0 if stored is None else float(np.abs(scores - stored).max())
    if drift > DRIFT * max(1.0, float(np.abs(scores).max())):
        yield f"these scores differ from the stored ones by up to {drift:.2g}: this is not the model that gave them"
    if stale:
        yield "the method's source code has changed since the cell was trained"
