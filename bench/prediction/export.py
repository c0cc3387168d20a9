"""Export: a finished cell as a file that needs no bench, checked by the cell's own test scores, with a model card."""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from bench.errors import DataError, UsageError
from bench.prediction.about import facts_of_cell
from bench.prediction.card import model_card
from bench.prediction.graph import GRAPH_FILES, GraphFormat, Run, read_graph, refuse_missing_packages, write_graph
from bench.prediction.model import CellModel
from bench.prediction.stream import SCORE_BATCH
from bench.records.rows import Row
from bench.records.store import Store
from bench.system.files import write_json, write_text
from bench.trained import TrainedCell

EXACT = 1e-4
"""Largest difference of a logit, as a share of the largest logit where that is above 1."""

DRIFT_OF_HALF = 0.01
"""Share of the largest logit by which scores that a GPU made in half precision may differ."""

CARD_FILE, FACTS_FILE = "model_card.md", "model.json"


@dataclass(frozen=True, kw_only=True)
class ExportRequest:
    """to: the format. out: a folder. check: how many test images, evenly from all, are scored by the written file."""

    to: GraphFormat
    out: Path
    check: int = 200

    def __post_init__(self) -> None:
        refuse_missing_packages(self.to)
        if self.out.exists() and not self.out.is_dir():
            raise UsageError(f"--out {self.out} is a file; give a folder.")


@dataclass(frozen=True)
class ExportResult:
    """files: by what they are. check: the images and the measured differences."""

    files: dict[str, Path]
    check: dict[str, Any]


def export_cell(
    trained: TrainedCell, row: Row, store: Store, request: ExportRequest, progress: Callable[[int, int], None]
) -> ExportResult:
    """Write and check the model; the files take their places only if it gives the cell's scores. trained: on a CPU."""
    model = CellModel(trained)
    about = facts_of_cell(trained, row, store)
    size = model.image_size
    about["input"] = {"name": "images", "shape": ["batch", 3, size, size], "type": "float32"}
    about["output"] = {"name": "logits", "shape": ["batch", len(model.class_names)], "type": "float32"}
    name = GRAPH_FILES[request.to]
    request.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=request.out, prefix=".export-") as unchecked:
        folder = Path(unchecked)
        write_graph(model, request.to, folder / name, about)
        check = _check(trained, model, read_graph(request.to, folder / name), row, store, request, progress)
        about = {**about, "file": name, "check": check}
        write_json(folder / FACTS_FILE, about)
        write_text(folder / CARD_FILE, model_card(about, row, trained.resources.dataset, request.to))
        files = sorted(path.name for path in folder.iterdir())  # large ONNX models have their weights beside them
        for file in files:
            (folder / file).replace(request.out / file)
    return ExportResult({file: request.out / file for file in files}, check)


def _check(
    trained: TrainedCell,
    model: CellModel,
    run: Run,
    row: Row,
    store: Store,
    request: ExportRequest,
    progress: Callable[[int, int], None],
) -> dict[str, Any]:
    """Scores of test images by the written file, against the model's and the stored ones; DataError if they differ."""
    images, stored = trained.split("test").images, store.scores(row.key)
    rows = np.unique(np.linspace(0, len(images) - 1, min(request.check, len(images))).round().astype(int))
    largest = {"file_and_model": 0.0, "file_and_stored": 0.0}
    first: np.ndarray | None = None
    for start in range(0, len(rows), SCORE_BATCH):
        chosen = rows[start : start + SCORE_BATCH]
        batch = torch.stack([model.preprocess(images[int(i)]) for i in chosen])
        first = batch.numpy()[:3] if first is None else first
        written = run(batch.numpy())
        for what, other in (("file_and_model", model(batch).numpy()), ("file_and_stored", stored[chosen])):
            largest[what] = max(largest[what], float(np.abs(written - other).max()))
        progress(start + len(chosen), len(rows))
    assert first is not None, "a dataset has test images"
    alone = np.concatenate([run(one[None]) for one in first])
    scale = max(1.0, float(np.abs(stored).max()))
    device = str(row.environment.get("device", "cpu"))
    allowed = EXACT * scale if device == "cpu" else max(EXACT * scale, DRIFT_OF_HALF * scale)
    faults = [
        ("the model in torch", largest["file_and_model"], EXACT * scale),
        ("the cell's stored test scores", largest["file_and_stored"], allowed),
        ("itself, image by image", float(np.abs(alone - run(first)).max()), EXACT * scale),
    ]
    for what, difference, most in faults:
        if not difference <= most:
            raise DataError(
                f"{row.cell.title}: the exported model differs from {what} by up to {difference:.2g} (at most "
                f"{most:.2g} is allowed), so nothing was written; was the cell trained with other code or weights?"
            )
    return {"test_images": len(rows), "scored_on": device, "largest_difference": largest, "allowed": EXACT * scale}
