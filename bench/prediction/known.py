"""Scores of images whose labels are known, for choosing thresholds: held-out ones, else those trained on."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from bench.errors import UsageError
from bench.prediction.model import CellModel
from bench.prediction.stream import SCORE_BATCH
from bench.system.chunks import row_totals
from bench.trained import TrainedCell
from bench.training.loaders import TEST_BATCH
from methods import Features


@dataclass(frozen=True)
class KnownScores:
    """Logits (N, C) and labels int8 (N, C), 0 where unknown, of N training images. heldout: not trained on."""

    logits: np.ndarray
    labels: np.ndarray
    heldout: bool

    @property
    def origin(self) -> dict[str, Any]:
        """The images and labels as plain data, for the record of what was chosen by them."""
        return {
            "images": len(self.labels),
            "known_labels": int((self.labels != 0).sum()),
            "part": "held-out training images" if self.heldout else "images and known labels that were trained on",
        }


def known_scores(trained: TrainedCell, model: CellModel) -> KnownScores:
    """Of the held-out images where the cell has some, else of the training images with known labels; never of test."""
    observed, judged, _, heldout_rows = trained.resources.labels.given(trained.cell)
    heldout = len(heldout_rows) > 0
    rows = heldout_rows if heldout else np.flatnonzero(row_totals(observed, 1) + row_totals(observed, -1))
    labels = judged if heldout else observed[rows]
    if not (labels == 1).any():
        raise UsageError(
            f"{trained.cell.title} has no known label to choose thresholds or probabilities by; train it with "
            "--holdout 20, which keeps some training images for that."
        )
    logits = np.concatenate([batch.cpu().numpy() for batch in _scored(trained, model, rows)])
    return KnownScores(logits, labels, heldout)


@torch.no_grad()
def _scored(trained: TrainedCell, model: CellModel, rows: np.ndarray) -> Iterator[torch.Tensor]:
    device = trained.resources.device
    if trained.encoder_trained:
        images = trained.split("train").images
        for start in range(0, len(rows), SCORE_BATCH):
            batch = [model.preprocess(images[row]) for row in rows[start : start + SCORE_BATCH]]
            yield model(torch.stack(batch).to(device))
        return
    features, dense = trained.resources.images.features(trained.cell, "train"), model.reads_tokens
    for start in range(0, len(rows), TEST_BATCH):
        chosen = rows[start : start + TEST_BATCH]
        tokens = features.dense[chosen] if dense else features.dense[chosen, :0]
        parts = (torch.from_numpy(np.array(part)).float().to(device) for part in (tokens, features.pooled[chosen]))
        yield model.scorer(Features(*parts)).float()
