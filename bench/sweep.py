"""Running a sweep's cells against a store: skip what is done, resume what was cut off, record what fails."""

import datetime
import shutil
import time
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, Literal, Protocol

from bench.cells import Cell
from bench.environment import environment, source_hash
from bench.metrics import average_precision, summary
from bench.rows import Row
from bench.runner import run_cell
from bench.store import Store
from bench.workbench import Workbench
from methods import METHODS

Ending = Literal["done", "cached", "failed", "elsewhere"]
POLL_SECONDS = 0.5


class Observer(Protocol):
    """Who is told how a sweep goes on."""

    def cell_started(self, cell: Cell) -> None: ...

    def epoch_ended(self, cell: Cell, epoch: int, epochs: int, record: dict[str, Any]) -> None: ...

    def cell_ended(self, cell: Cell, ending: Ending, message: str) -> None: ...


def run_cells(cells: Sequence[Cell], store: Store, bench: Workbench, observer: Observer) -> None:
    """Bring every cell to an end; cells that another process holds are waited for.

    A cell that fails is recorded and does not stop the others; one that fails in another process meanwhile is not
    tried again here.
    """
    began = time.time()
    waiting = []
    for cell in cells:
        if store.state(cell.key) == "done":
            observer.cell_ended(cell, "cached", "")
        else:
            waiting.append(cell)
    while waiting:
        held = [cell for cell in waiting if not _advance(cell, store, bench, observer, began)]
        if len(held) == len(waiting):
            time.sleep(POLL_SECONDS)
        waiting = held


def _advance(cell: Cell, store: Store, bench: Workbench, observer: Observer, began: float) -> bool:
    """Run the cell unless another process has since `began`; False if one holds it now."""
    with store.claim(cell) as folder:
        if folder is None:
            return False
        if store.state(cell.key) == "done":
            observer.cell_ended(cell, "elsewhere", f"mAP {store.row(cell.key).mAP:.2f}")
            return True
        if store.failed_at(cell.key) > began:
            observer.cell_ended(cell, "failed", store.reason(cell.key))
            return True
        observer.cell_started(cell)
        try:
            row = _run(cell, store, bench, observer)
        except Exception as error:
            store.fail(cell.key, error)
            shutil.rmtree(folder / "checkpoint", ignore_errors=True)
            observer.cell_ended(cell, "failed", f"{type(error).__name__}: {error}".splitlines()[0])
        else:
            observer.cell_ended(cell, "done", f"mAP {row.mAP:.2f}")
    return True


def _run(cell: Cell, store: Store, bench: Workbench, observer: Observer) -> Row:
    folder = store.folder(cell.key)
    method = METHODS.get(cell.method.name)
    _drop_foreign_checkpoint(folder, source_hash(method))
    inputs, facts = bench.inputs(cell)
    epochs = cell.method.options["epochs"]
    outcome = run_cell(
        cell, inputs, folder, watch=lambda epoch, record: observer.epoch_ended(cell, epoch, epochs, record)
    )
    store.save_targets(cell.dataset.fingerprint, bench.targets)
    metrics = summary(outcome.logits, inputs.test_labels)
    class_ap = average_precision(outcome.logits, inputs.test_labels)
    curve = store.curve(cell.key)
    backbone = bench.backbone(cell.backbone)
    row = Row(
        cell=cell,
        metrics=metrics,
        test_best=_best(curve, "mAP") or {"mAP": metrics["mAP"], "epoch": 0},
        heldout_best=_best(curve, "heldout_mAP"),
        class_ap=dict(zip(bench.dataset.class_names, class_ap.tolist(), strict=True)),
        epochs=epochs,
        mask=asdict(facts),
        trainable_parameters=outcome.trainable_parameters,
        timings=outcome.timings,
        peak_memory=outcome.peak_memory,
        environment={**environment(bench.device), "weights": backbone.weights_sha256},
        code=source_hash(method),
        flags=(*method.flags, *(("random weights",) if backbone.random_weights else ())),
        finished=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
    )
    store.finish(row, outcome.logits)
    shutil.rmtree(folder / "checkpoint", ignore_errors=True)
    return row


def _best(curve: Sequence[dict[str, Any]], chosen_by: str) -> dict[str, float] | None:
    """Test mAP of the epoch in which `chosen_by` was largest, or None if it was not measured."""
    measured = [record for record in curve if chosen_by in record]
    if not measured:
        return None
    best = max(measured, key=lambda record: record[chosen_by])
    return {"mAP": best["mAP"], "epoch": best["epoch"], chosen_by: best[chosen_by]}


def _drop_foreign_checkpoint(folder: Any, code: str) -> None:
    """A checkpoint of other source code would mix two methods in one result."""
    checkpoint, mark = folder / "checkpoint", folder / "checkpoint" / "code"
    if checkpoint.exists() and (not mark.exists() or mark.read_text() != code):
        shutil.rmtree(checkpoint)
    checkpoint.mkdir(exist_ok=True)
    mark.write_text(code)
