"""A cell as an MLflow run."""

import csv
import io
import json
import math
from collections.abc import Iterator, Mapping
from typing import Any

from bench.cells import Cell
from bench.rows import Row
from bench.store import State
from bench.tracking.spec import NOTE, PARAM_LIMIT, TAG_LIMIT, DatasetFacts, Point, RunSpec, Status, cut, metric_key
from bench.tracking.survey import Survey

STATUS: Mapping[State, Status] = {"done": "FINISHED", "failed": "FAILED", "running": "RUNNING", "planned": "KILLED"}
"""A cell that was begun and is neither done, failed nor running was killed; the next `bench run` takes it up."""


def cell_run(survey: Survey, key: str) -> RunSpec:
    """Identity as params, what may change as tags, one metric step an epoch, the row's numbers at the last."""
    store, cell, state = survey.store, survey.store.cell(key), survey.state(key)
    row = store.row(key) if state == "done" else None
    curve = store.curve(key)
    points = list(_curve_points(curve))
    if row:
        points += _row_points(row, drawn={(p.key, p.step) for p in points}, seconds=points[-1].seconds if points else 0)
    sweeps = survey.members.get(key, ())
    start = (store.folder(key) / "cell.json").stat().st_mtime
    return RunSpec(
        unit=f"cell:{key}",
        experiment=_experiment(survey, cell, sweeps),
        name=cell.title,
        status=STATUS[state],
        start=start,
        end=survey.ended(key),
        parent=f"sweep:{sweeps[0]}" if sweeps else None,
        params=_params(cell),
        tags=_tags(cell, state, sweeps, row, store.error(key) if state == "failed" else None),
        points=tuple(points),
        files=_files(row) if row else {},
        dataset=_dataset(row) if row else None,
    )


def experiment_name(dataset: str, protocol: str) -> str:
    """One experiment for what can be compared: a dataset under a protocol."""
    return f"{dataset}/{protocol}"


def _experiment(survey: Survey, cell: Cell, sweeps: tuple[str, ...]) -> str:
    """That of the owning sweep: a cell on full labels stands beside the cells it is compared with."""
    owner = next((record for record in survey.sweeps if record["id"] in sweeps[:1]), None)
    if owner:
        return experiment_name(owner["dataset"], owner["protocol"])
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
    for axis in ("method", "dataset", "protocol", "backbone"):
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


def _tags(cell: Cell, state: State, sweeps: tuple[str, ...], row: Row | None, error: str | None) -> dict[str, str]:
    tags = {
        "kind": "cell",
        "cell_key": cell.key,
        "method": cell.method.name,
        "dataset": cell.dataset.name,
        "protocol": cell.protocol.name,
        "backbone": cell.backbone.name,
        "ratio": ratio_tag(cell.percent),
        "seed": str(cell.seed),
        "status": "interrupted" if state == "planned" else state,
        "sweep": sweeps[0] if sweeps else "",
        "sweeps": " ".join(sweeps),
    }
    if row:
        tags |= {"flags": "; ".join(row.flags), "code": row.code, "mask_sha256": str(row.mask.get("sha256", ""))}
        tags["mlflow.source.git.commit"] = str(row.environment.get("commit", ""))
    if error:
        lines = error.strip().splitlines() or ["no error was recorded"]
        tags |= {"error": lines[-1].strip(), NOTE: f"```\n{error.strip()[-TAG_LIMIT + 20 :]}\n```"}
    return {name: cut(value, TAG_LIMIT) for name, value in tags.items() if value}


def _curve_points(curve: list[dict[str, Any]]) -> Iterator[Point]:
    seconds = 0.0
    for record in curve:
        seconds += record.get("seconds", 0.0)
        for name, value in record.items():
            if name != "epoch" and _is_number(value):
                yield Point(metric_key(name), _finite(value), record["epoch"], seconds)


def _row_points(row: Row, drawn: set[tuple[str, int]], seconds: float) -> Iterator[Point]:
    """The row's numbers at its last epoch; a method that was not trained has no curve, so its mAP is drawn here."""
    named: dict[str, Any] = {f"final/{name}": value for name, value in row.metrics.items()}
    named |= {f"test_best/{name}": value for name, value in row.test_best.items()}
    named |= {f"heldout_best/{name}": value for name, value in (row.heldout_best or {}).items()}
    named |= {f"AP/{name}": value for name, value in row.class_ap.items()}
    named |= {f"mask/{name}": value for name, value in row.mask.items()}
    named |= {f"time/{name}": value for name, value in row.timings.items()}
    named |= {f"memory/{name}": value for name, value in row.peak_memory.items()}
    named["trainable_parameters"] = row.trainable_parameters
    if not drawn:
        named["mAP"] = row.mAP
    for name, value in named.items():
        if _is_number(value):
            yield Point(metric_key(name), _finite(value), row.epochs, seconds)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _finite(value: float) -> float:
    """Infinity as NaN: MLflow would store it as the largest float."""
    return float(value) if math.isfinite(value) else math.nan


def _files(row: Row) -> dict[str, bytes]:
    table = io.StringIO()
    csv.writer(table, lineterminator="\n").writerows([("class", "AP"), *row.class_ap.items()])
    return {
        "row.json": (json.dumps(row.to_json(), indent=1) + "\n").encode(),
        "per_class.csv": table.getvalue().encode(),
    }


def _dataset(row: Row) -> DatasetFacts:
    shares = {name: value for name, value in row.mask.items() if _is_number(value)}
    return DatasetFacts(row.cell.dataset.name, row.cell.dataset.fingerprint, str(row.mask.get("sha256", "")), shares)
