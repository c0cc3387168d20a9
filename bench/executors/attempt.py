"""One cell in this process: claimed, trained or resumed, and recorded."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench.backbones import BACKBONES
from bench.data import DATASETS
from bench.errors import DataError
from bench.executors.base import Ended, level
from bench.executors.finished_row import finished_row
from bench.records.cells import Cell
from bench.records.rows import Row
from bench.records.store import Store
from bench.settings.registry import Registry
from bench.system.disk import is_of_disk, raising_disk_errors
from bench.system.environment import source_hash
from bench.system.interrupts import reraised_signals
from bench.training import Stopped, run_cell
from bench.training.resources import Resources
from bench.training.weights import to_bytes
from methods import METHODS
from protocols import PROTOCOLS

Tell = Callable[[dict[str, Any]], bool]
"""Told of each epoch's curve record; True: end the cell here."""


def attempt(cell: Cell, store: Store, resources: Resources, begun: Callable[[], None], tell: Tell) -> Ended:
    """Bring the cell to an end unless another process holds it. Exceptions of the cell become a stored failure.

    DiskError if the store cannot be written: the cell has not failed, and is resumed from its checkpoint later.
    """
    with raising_disk_errors(store.root), store.claim(cell) as folder:
        if folder is None:
            return Ended(cell.key, "elsewhere")
        if store.state(cell.key) == "done":
            return Ended(cell.key, "cached", level(store.row(cell.key)))
        begun()
        try:
            with reraised_signals() as raise_pending:
                row = _run(cell, store, resources, _whole_curve(cell.key, store, tell, raise_pending))
        except Stopped:
            store.clear_error(cell.key)
            return Ended(cell.key, "stopped")
        except Exception as error:
            if is_of_disk(error, store.root):
                raise
            store.fail(cell.key, error)
            shutil.rmtree(folder / "checkpoint", ignore_errors=True)
            return Ended.failed(cell.key, error)
    return Ended(cell.key, "done", level(row))


def _whole_curve(
    key: str, store: Store, tell: Tell, raise_pending: Callable[[], None]
) -> Callable[[int, dict[str, Any]], bool]:
    """Watches a training and reports every epoch from the first on, those before its checkpoint too."""
    last = 0

    def watch(epoch: int, record: dict[str, Any]) -> bool:
        nonlocal last
        raise_pending()
        earlier = store.curve(key) if last < epoch - 1 else []
        new = [*(known for known in earlier if last < known["epoch"] < epoch), record]
        last = epoch
        stops = [tell(known) for known in new]
        return any(stops)

    return watch


def _run(cell: Cell, store: Store, resources: Resources, watch: Callable[[int, dict[str, Any]], bool]) -> Row:
    folder = store.folder(cell.key)
    _refuse_other_plugin(cell)
    inputs, facts = resources.inputs(cell)
    code = source_hash(inputs.method.method)
    _drop_foreign_checkpoint(folder, code)
    outcome = run_cell(cell, inputs, folder, watch, resources.kept.test_curve)
    curve = store.curve(cell.key)
    if inputs.test_labels is not None:
        store.save_targets(cell.dataset.fingerprint, resources.targets)
    row = finished_row(cell, resources, inputs, facts, outcome, curve, code)
    # A search's trials, of which there may be hundreds, have no test split: the best of them is trained again.
    kept = to_bytes(outcome.weights, cell, row.code) if resources.kept.weights and cell.test else None
    store.finish(row, outcome.logits, kept)
    shutil.rmtree(folder / "checkpoint", ignore_errors=True)
    return row


def _refuse_other_plugin(cell: Cell) -> None:
    """Raises if a plugin has changed since the plan: it would make other cells than this one."""
    registries: list[Registry[Any]] = [METHODS, DATASETS, PROTOCOLS, BACKBONES]
    for registry in registries:
        axis, planned = registry.kind, getattr(cell, registry.kind)
        if registry.plugin(planned.name) != planned.plugin:
            raise DataError(
                f"the source of {axis} {planned.name!r} is not here what it was when this cell was planned; give the "
                "same command again, and on a cluster install the same version on every node."
            )


def _drop_foreign_checkpoint(folder: Path, code: str) -> None:
    """A checkpoint of other source code would mix two methods in one result."""
    checkpoint, mark = folder / "checkpoint", folder / "checkpoint" / "code"
    if checkpoint.exists() and (not mark.exists() or mark.read_bytes() != code.encode()):
        shutil.rmtree(checkpoint)
    checkpoint.mkdir(exist_ok=True)
    mark.write_text(code)
