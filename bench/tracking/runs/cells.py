"""A cell as an MLflow run."""

import datetime
from collections.abc import Mapping
from pathlib import Path

from bench.records.cells import Cell
from bench.records.component import PLAIN_FEED
from bench.records.paths import inside
from bench.records.rows import Row
from bench.records.states import CellState
from bench.records.sweeps import SweepRecord
from bench.report.figures.palette import method_styles
from bench.system.spreadsheet import csv_text
from bench.tracking.runs.cell_tags import cell_params, cell_tags
from bench.tracking.runs.names import COLOUR, NOTE, TAG_LIMIT, cut, experiment_name
from bench.tracking.runs.notes import cell_note, failure_note
from bench.tracking.runs.points import curve_points, is_number, row_points
from bench.tracking.runs.spec import DatasetFacts, RunSpec, Status
from bench.tracking.runs.survey import Survey
from bench.tracking.runs.usage import samples

STATUS: Mapping[CellState, Status] = {"done": "FINISHED", "failed": "FAILED", "running": "RUNNING", "planned": "KILLED"}
"""A cell that was begun and is neither done, failed nor running was killed; the next `bench run` takes it up."""

CELL_FILES = ("cell.json", "row.json", "curve.jsonl", "scores.npz", "error.txt")
"""What of a cell's folder goes along: with it `bench.tracking.mirror` makes the store again."""


def cell_run(survey: Survey, key: str) -> RunSpec:
    """Identity as params, what may change as tags, one metric step an epoch, the row's numbers at step 0."""
    store, cell, state = survey.store, survey.store.cell(key), survey.state(key)
    row = store.row(key) if state == "done" else None
    curve = store.curve(key)
    points = list(curve_points(curve))
    if row:
        points += row_points(row, seconds=points[-1].seconds if points else 0)
    sweeps, variant = survey.members.get(key, ()), survey.variants.get(key, cell.method.name)
    owner = next((record for record in survey.sweeps if record.id in sweeps[:1]), None)
    colour = survey.colour(owner, variant) if owner else method_styles([variant])[variant].colour
    folder = store.folder(key)
    error = store.error(key) if state == "failed" else None
    return RunSpec(
        unit=f"cell:{key}",
        experiment=_experiment(cell, owner),
        name=_name(cell, variant),
        status=STATUS[state],
        start=_started(row) or (folder / "cell.json").stat().st_mtime,
        end=_finished(row) or survey.ended(key),
        parent=f"sweep:{sweeps[0]}" if sweeps else None,
        params=cell_params(cell),
        tags={**cell_tags(cell, variant, state, sweeps, row), **_description(row, error), COLOUR: colour},
        points=(*points, *samples(folder)),
        files=_files(folder, CELL_FILES if state != "running" else CELL_FILES[:1], row),
        dataset=_dataset(row) if row else None,
    )


def _name(cell: Cell, variant: str) -> str:
    """Short, since charts have it in their legends; the experiment's name says dataset and protocol."""
    ratio = [] if cell.percent is None else [f"{cell.percent}%"]
    streams = [f"{name} {seed}" for name, seed in cell.streams.items()]
    feed = [] if cell.feed.name == PLAIN_FEED.name else [cell.feed.name]
    return " ".join([variant, *ratio, f"seed {cell.seed}", *streams, *feed])


def _finished(row: Row | None) -> float | None:
    """When the cell ended, by its row: the files of a copied store have other times."""
    try:
        return datetime.datetime.fromisoformat(row.finished).timestamp() if row else None
    except ValueError:
        return None


def _started(row: Row | None) -> float | None:
    ended = _finished(row)
    return ended - row.timings.get("total", 0.0) if row and ended else None


def _experiment(cell: Cell, owner: SweepRecord | None) -> str:
    """That of the owning sweep: a cell on full labels stands beside the cells it is compared with."""
    if owner:
        return experiment_name(owner.dataset, owner.protocol)
    return experiment_name(cell.dataset.name, cell.protocol.name)


def _description(row: Row | None, error: str | None) -> dict[str, str]:
    """The run's description: what came out, or what went wrong."""
    if row:
        return {NOTE: cell_note(row)}
    if error:
        lines = error.strip().splitlines() or ["no error was recorded"]
        return {"error": cut(lines[-1].strip(), TAG_LIMIT), NOTE: failure_note(error)}
    return {}


def _files(folder: Path, names: tuple[str, ...], row: Row | None) -> dict[str, bytes | Path]:
    """The cell's own files, and the per-class table for people. Scores are the only large ones."""
    present = {name: path for name in names if (path := inside(folder, name)).exists()}
    files: dict[str, bytes | Path] = {
        name: path if path.suffix == ".npz" else path.read_bytes() for name, path in present.items()
    }
    if row and row.class_ap:
        files["per_class.csv"] = csv_text([("class", "AP"), *row.class_ap.items()]).encode()
    return files


def _dataset(row: Row) -> DatasetFacts:
    shares = {name: value for name, value in row.mask.items() if is_number(value)}
    return DatasetFacts(row.cell.dataset.name, row.cell.dataset.fingerprint, str(row.mask.get("sha256", "")), shares)
