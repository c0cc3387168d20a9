"""Import of other people's cells: everything is checked, and nothing that is here is overwritten."""

import dataclasses
import datetime
import shutil
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from bench.api.datasets_at_hand import DatasetsAtHand
from bench.api.import_checks import RefusedCellError, agreed_targets, number_text, refuse_other_metrics
from bench.errors import DataError
from bench.records.cell_file.reading import CellFile, SharedCell
from bench.records.layout import CURVE_FILE, SCORES_FILE
from bench.records.origin import ORIGIN_FILE
from bench.records.reader import Targets
from bench.records.store import Store
from bench.system.disk import raising_disk_errors
from bench.system.files import atomic, write_json


@dataclass(frozen=True)
class ImportResult:
    """What became of a file's cells, by key.

    imported: new here. known: here already, with the same scores. refused: with the sentence why. problems: sentences
    about the rest of the file. sweeps: ids of those that are new here. masks: cells whose mask was drawn again and is
    the row's. unchecked: by dataset, cells whose mask nobody could draw here.
    """

    imported: list[str] = field(default_factory=list)
    known: list[str] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    sweeps: list[str] = field(default_factory=list)
    masks: list[str] = field(default_factory=list)
    unchecked: dict[str, int] = field(default_factory=dict)


def import_file(path: Path, store: Store, cache: Path, root: Path | None = None) -> ImportResult:
    """Take the good cells of a file into the store, and say of each other one why not.

    root: where the cells' dataset is, for the check of masks; by default as for `bench run`.
    """
    source, result = CellFile(path), ImportResult()
    result.problems.extend(source.layout_problems())
    datasets = DatasetsAtHand(cache, root)
    with raising_disk_errors(store.root):
        for key in source.keys:
            try:
                shared, targets = _checked(key, source, store, datasets, result)
                known = _known(store, shared)
                if not known:
                    _take(store, shared, source, targets)
                (result.known if known else result.imported).append(key)
            except DataError as error:
                result.refused[key] = str(error)
        _take_sweeps(store, source, result)
    return result


def _checked(
    key: str, source: CellFile, store: Store, datasets: DatasetsAtHand, result: ImportResult
) -> tuple[SharedCell, Targets]:
    """The cell and its test labels; DataError unless its numbers and its mask are what they should be."""
    try:
        shared = source.cell(key)
        targets = agreed_targets(source, store, shared.cell, datasets)
        refuse_other_metrics(shared, targets)
        _check_mask(shared, datasets, result)
    except (ValueError, LookupError, TypeError, AttributeError, ArithmeticError, AssertionError) as error:
        reason = f"{type(error).__name__}: {error}"[:120]
        raise RefusedCellError(f"cell {key} says what no cell of bench can say ({reason}).") from None
    return shared, targets


def _check_mask(shared: SharedCell, datasets: "DatasetsAtHand", result: ImportResult) -> None:
    cell = shared.cell
    digest = datasets.mask(cell)
    if digest is None:
        result.unchecked[cell.dataset.name] = result.unchecked.get(cell.dataset.name, 0) + 1
    elif digest != shared.row.mask.get("sha256"):
        raise RefusedCellError(
            f"cell {cell.key}: it was not trained on the labels that {cell.protocol.name} leaves known with seed "
            f"{cell.seed}: its mask is {str(shared.row.mask.get('sha256'))[:12]}..., not {digest[:12]}..."
        )
    else:
        result.masks.append(cell.key)


def _known(store: Store, shared: SharedCell) -> bool:
    """Whether the store has this cell with these scores; RefusedCellError where it has others."""
    key = shared.cell.key
    if store.state(key) != "done":
        return False
    row = store.row(key)
    try:
        same = np.array_equal(store.scores(key), shared.scores)
    except (DataError, OSError):
        same = row == dataclasses.replace(shared.row, files=row.files)
    if not same:
        raise RefusedCellError(
            f"cell {key} ({shared.cell.title}) is here with mAP {number_text(row.mAP)} and other scores than the "
            f"file's (mAP {number_text(shared.row.mAP)}); what is here stays: delete its folder to take the other."
        )
    return True


def _take(store: Store, shared: SharedCell, source: CellFile, targets: Targets) -> None:
    """The cell's files, the row last: it makes the cell done."""
    key, now = shared.cell.key, datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    with store.claim(shared.cell) as folder:
        if folder is None:
            raise RefusedCellError(f"cell {key} ({shared.cell.title}) is being trained here now; import again later.")
        if _known(store, shared):  # finished by another process meanwhile
            return
        store.save_targets(shared.cell.dataset.fingerprint, targets)
        (folder / CURVE_FILE).unlink(missing_ok=True)
        for name in (SCORES_FILE, CURVE_FILE):
            if name in shared.files:
                _write(store.file(key, name), shared.files[name])
        origin = dataclasses.replace(source.origin(key), imported=now, file=source.bundle.digest)
        write_json(store.file(key, ORIGIN_FILE), origin.to_json())
        for name in ("weights.safetensors", "error.txt"):
            store.file(key, name).unlink(missing_ok=True)
        shutil.rmtree(folder / "checkpoint", ignore_errors=True)
        _write(store.file(key, "row.json"), shared.files["row.json"])


def _write(path: Path, content: bytes) -> None:
    with atomic(path) as file:
        file.write(content)


def _take_sweeps(store: Store, source: CellFile, result: ImportResult) -> None:
    """Sweeps that have a cell here; one that is here already stays as it is."""
    here = {record.id: record for record in store.sweeps()}
    good = {*result.imported, *result.known}
    for record in source.sweeps():
        if isinstance(record, str):
            result.problems.append(record)
        elif record.id in here:
            if here[record.id].places != record.places:
                result.problems.append(f"the sweep {record.id} is here with another table; what is here stays.")
        elif good & set(record.keys):
            words = record.command if record.command[:1] and record.command[0].startswith("bench") else ()
            store.save_sweep(dataclasses.replace(record, command=words))
            result.sweeps.append(record.id)
