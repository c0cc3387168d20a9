"""A cell as an MLflow run."""

import datetime
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from bench.records.cells import COMPONENT_AXES, PLAIN_FEED, Cell
from bench.records.names import inside
from bench.records.reader import CellState
from bench.records.rows import Row
from bench.records.sweeps import SweepRecord
from bench.report.figures.palette import method_styles
from bench.system.spreadsheet import csv_text
from bench.tracking.notes import cell_note, failure_note
from bench.tracking.points import curve_points, is_number, row_points
from bench.tracking.spec import COLOUR, NOTE, PARAM_LIMIT, TAG_LIMIT, DatasetFacts, RunSpec, Status, cut, metric_key
from bench.tracking.survey import Survey
from bench.tracking.system import samples

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
        params=_params(cell),
        tags={**_tags(cell, variant, state, sweeps, row), **_description(row, error), COLOUR: colour},
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


def experiment_name(dataset: str, protocol: str) -> str:
    """One experiment for what can be compared: a dataset under a protocol."""
    return f"{dataset}/{protocol}"


def _experiment(cell: Cell, owner: SweepRecord | None) -> str:
    """That of the owning sweep: a cell on full labels stands beside the cells it is compared with."""
    if owner:
        return experiment_name(owner.dataset, owner.protocol)
    return experiment_name(cell.dataset.name, cell.protocol.name)


def ratio_tag(percent: int | None) -> str:
    """Two digits, so that text sorts like numbers.

    >>> ratio_tag(5), ratio_tag(None)
    ('0.05', 'any')
    """
    return "any" if percent is None else f"{percent / 100:.2f}"


def _params(cell: Cell) -> dict[str, str]:
    """Everything that the cell's key is made of."""
    data = cell.to_json()
    flat = {name: data[name] for name in ("percent", "seed", "holdout")}
    for axis in COMPONENT_AXES:
        component = data[axis]
        flat[axis] = component["name"]
        flat[f"{axis}.version"] = component["version"]
        flat |= {f"{axis}.{name}": value for name, value in _flat(component["options"])}
        if component["fingerprint"]:
            flat[f"{axis}.fingerprint"] = component["fingerprint"]
    return {metric_key(name): cut(str(value), PARAM_LIMIT) for name, value in flat.items()}


def _flat(options: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in options.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield prefix + name, value


def _tags(cell: Cell, variant: str, state: CellState, sweeps: tuple[str, ...], row: Row | None) -> dict[str, str]:
    tags = {
        "kind": "cell",
        "cell_key": cell.key,
        "method": cell.method.name,
        "variant": variant,
        "dataset": cell.dataset.name,
        "protocol": cell.protocol.name,
        "backbone": cell.backbone.name,
        "feed": cell.feed.name,
        "ratio": ratio_tag(cell.percent),
        "seed": str(cell.seed),
        "status": "interrupted" if state == "planned" else state,
        "sweep": sweeps[0] if sweeps else "",
        "sweeps": " ".join(sweeps),
    }
    if row:
        tags |= {"flags": "; ".join(row.flags), "code": row.code, "mask_sha256": str(row.mask.get("sha256", ""))}
        tags["mlflow.source.git.commit"] = str(row.environment.get("commit", ""))
    return {name: cut(value, TAG_LIMIT) for name, value in tags.items() if value}


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
