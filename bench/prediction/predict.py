"""Prediction: a finished cell's scores of the given images, in a file with a record beside it."""

import datetime
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bench.errors import DataError, UsageError
from bench.prediction.about import facts_of_cell
from bench.prediction.decisions import Decisions
from bench.prediction.forms import AllScores, ClassLabels, ResultForm, TopClasses
from bench.prediction.images import ImageSource, image_source
from bench.prediction.model import CellModel
from bench.prediction.output import refuse_ending, result_file, sidecar
from bench.prediction.probabilities import Calibration, Probabilities
from bench.prediction.stream import Outcome, scored_batches
from bench.records.rows import Row
from bench.records.store import Store
from bench.system.files import write_json
from bench.system.wording import counted, some
from bench.trained import TrainedCell


@dataclass(frozen=True, kw_only=True)
class PredictionRequest:
    """What is predicted: all scores, or the `top_k` classes, or labels (by the best F1, or at least `precision`).

    images: a folder, a list or a table; column, folder: see `image_source`. calibrate: scores are probabilities.
    """

    images: Path
    out: Path
    top_k: int | None = None
    labels: bool = False
    precision: float | None = None
    calibrate: Calibration | None = None
    column: str | None = None
    folder: Path | None = None

    def __post_init__(self) -> None:
        refuse_ending(self.out)
        if self.labels and (self.top_k or self.calibrate):
            other = "--top-k" if self.top_k else "--calibrate"
            raise UsageError(f"--labels gives no scores, so {other} has no meaning with it; give one of them.")
        if self.precision is not None and not (self.labels and 0 < self.precision <= 1):
            raise UsageError("--precision is a number above 0 and up to 1, and goes with --labels.")
        for place in (self.images, sidecar(self.images)):
            if place.exists() and any(one.exists() and one.samefile(place) for one in (self.out, sidecar(self.out))):
                raise UsageError(f"--out {self.out} would replace what --images reads; give another file.")


@dataclass(frozen=True)
class PredictionResult:
    """out, record: the files. about: what the record holds. warnings: sentences without their full stop."""

    out: Path
    record: Path
    about: dict[str, Any]
    warnings: tuple[str, ...]


def predict(
    trained: TrainedCell,
    row: Row,
    store: Store,
    request: PredictionRequest,
    progress: Callable[[int, int], None],
) -> PredictionResult:
    """Score the images in constant memory. DataError if none of them could be."""
    source = image_source(request.images, request.column, request.folder)
    model = CellModel(trained)
    decisions, outcome = Decisions(trained, model, store, row), Outcome()
    form, scale, values = _form(request, model, decisions)
    warnings = list(_of_choice(values, model.class_names))
    about = {**facts_of_cell(trained, row, store), "values": values}
    with result_file(request.out, form, about) as write:
        for names, logits in scored_batches(model, source, trained.resources.device, outcome, progress):
            write(names, logits if scale is None else scale(logits))
        if not outcome.scored:
            name, reason = next(iter(outcome.left_out.items()))
            raise DataError(f"none of the images of {request.images} could be scored; {name}: {reason}")
    about["images"] = {
        "from": str(request.images),
        "scored": outcome.scored,
        "left_out": outcome.left_out,
        "copies": outcome.copies,
        "named_twice": list(source.repeated),
    }
    about["written"] = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    record = sidecar(request.out)
    write_json(record, about)
    return PredictionResult(request.out, record, about, (*warnings, *_of_images(source, outcome)))


def _form(
    request: PredictionRequest, model: CellModel, decisions: Decisions
) -> tuple[ResultForm, Probabilities | None, dict[str, Any]]:
    """The form of the result, what makes probabilities of logits, and what the values are, as plain data."""
    names, missing = model.class_names, np.zeros(len(model.class_names), bool)
    if request.labels:
        chosen = decisions.thresholds(request.precision)
        (rule, origin), missing = next(iter(decisions.origin.items())), np.isnan(chosen.values)
        per_class = {
            name: {"threshold": value, "precision": precise, "recall": recall}
            for name, value, precise, recall in zip(
                names, *(a.tolist() for a in (chosen.values, chosen.precision, chosen.recall)), strict=True
            )
        }
        thresholds = {name: one for name, one, gone in zip(names, per_class.values(), missing, strict=True) if not gone}
        what = {"are": "labels", "rule": rule, "chosen_by": origin, "thresholds": thresholds}
        return ClassLabels(names, chosen.values), None, {**what, "without": _without(names, missing)}
    scale: Probabilities | None = None
    values: dict[str, Any] = {"are": "logits"}
    if request.calibrate:
        scale = decisions.probabilities(request.calibrate)
        missing = np.isnan(scale.slope)
        about = {"calibration": request.calibrate, "chosen_by": decisions.origin[request.calibrate]}
        values = {"are": "probabilities", **about, "without": _without(names, missing)}
    if request.top_k:
        return TopClasses(names, request.top_k), scale, {**values, "top_k": request.top_k}
    return AllScores(names), scale, values


def _without(names: tuple[str, ...], missing: np.ndarray) -> list[str]:
    return [name for name, gone in zip(names, missing, strict=True) if gone]


def _of_choice(values: dict[str, Any], names: tuple[str, ...]) -> Iterator[str]:
    if "chosen_by" in values and "held-out" not in values["chosen_by"]["part"]:
        what = "thresholds" if values["are"] == "labels" else "probabilities"
        yield f"{what} are chosen on labels that the cell was trained on, and look better than they are; see --holdout"
    if without := values.get("without"):
        why = "nothing could be chosen by the known labels"
        yield f"{len(without)} of {counted(len(names), 'class', 'classes')} stay empty, since {why}: {some(without)}"


def _of_images(source: ImageSource, outcome: Outcome) -> Iterator[str]:
    by_reason: dict[str, list[str]] = {}
    for name, reason in outcome.left_out.items():
        known = reason if name in source.left_out else "the file is missing or damaged"
        by_reason.setdefault(known, []).append(name if known == reason else reason.rstrip("."))
    for reason, names in by_reason.items():
        verb = "is" if len(names) == 1 else "are"
        yield f"{counted(len(names), 'file')} {verb} left out, since {reason}: {some(names, 3)}"
    if outcome.copies:
        pairs = [f"{copy} of {first}" for copy, first in outcome.copies.items()]
        yield f"{counted(len(pairs), 'image is a copy', 'images are copies')} of others, to the byte: {some(pairs, 3)}"
    if source.repeated:
        count = counted(len(source.repeated), "name stands", "names stand")
        yield f"{count} in the list more than once, and once in the result: {some(source.repeated, 3)}"
