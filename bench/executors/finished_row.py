"""The row of a cell that was trained: its metrics, and what a reader must know of how they came about."""

import datetime
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from bench.backbones import Backbone
from bench.data import Dataset
from bench.features.feeds import feed_flags
from bench.records.cells import Cell
from bench.records.rows import Row
from bench.stats.metrics import average_precision, mean_average_precision, summary
from bench.system.environment import environment
from bench.training import Inputs, TrainingResult
from bench.training.resources import Resources
from protocols import MaskFacts

EpochRecords = Sequence[dict[str, Any]]


def finished_row(
    cell: Cell,
    resources: Resources,
    inputs: Inputs,
    facts: MaskFacts,
    outcome: TrainingResult,
    curve: EpochRecords,
    code: str,
) -> Row:
    """What is kept of the training. curve: of all its epochs. code: the hash of the method's source."""
    method, backbone = inputs.method.method, resources.images.backbone(cell.backbone)
    if inputs.test_labels is None:
        judged = inputs.heldout_labels[inputs.heldout_rows]
        metrics, test_best, class_ap = {"heldout_mAP": mean_average_precision(outcome.logits, judged)}, {}, {}
        metrics["heldout_known_entries"] = int((judged != 0).sum())
    else:
        metrics = summary(outcome.logits, inputs.test_labels)
        test_best = _best_on_test(curve, inputs.method.config.epochs, metrics["mAP"])
        ap = average_precision(outcome.logits, inputs.test_labels)
        class_ap = dict(zip(resources.dataset.class_names, ap.tolist(), strict=True))
    return Row(
        cell=cell,
        metrics=metrics,
        test_best=test_best,
        heldout_best=_best(curve, "heldout_mAP"),
        class_ap=class_ap,
        epochs=inputs.method.config.epochs,
        mask=asdict(facts),
        data=resources.dataset.facts,
        trainable_parameters=outcome.trainable_parameters,
        timings=outcome.timings,
        peak_memory=outcome.peak_memory,
        environment={**environment(resources.device), "weights": backbone.weights_sha256},
        code=code,
        flags=(*method.flags, *feed_flags(cell.feed), *_backbone_flags(backbone, resources.dataset)),
        finished=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
    )


def _backbone_flags(backbone: Backbone, dataset: Dataset) -> Iterator[str]:
    if backbone.random_weights:
        yield "random weights"
    if mark := backbone.mark_on(dataset.default_backbone):
        yield mark


def _best_on_test(curve: EpochRecords, epochs: int, last: float) -> dict[str, float]:
    """Empty where test was not scored after each epoch: its best epoch is not known then."""
    if not epochs:
        return {"mAP": last, "epoch": 0}
    scored = sum("mAP" in record for record in curve)
    return (_best(curve, "mAP") or {}) if scored == epochs else {}


def _best(curve: Sequence[dict[str, Any]], chosen_by: str) -> dict[str, float] | None:
    """Test mAP (if any) of the epoch in which `chosen_by` was largest, or None if it was not measured."""
    measured = [record for record in curve if chosen_by in record]
    if not measured:
        return None
    best = max(measured, key=lambda record: record[chosen_by])
    return {name: best[name] for name in ("mAP", "epoch", chosen_by) if name in best}
