"""A sweep as an MLflow run, and each of its methods as one that draws mAP over the ratios."""

import datetime
import statistics
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from bench.rows import Row
from bench.tracking.cells import experiment_name
from bench.tracking.spec import NOTE, TAG_LIMIT, Point, RunSpec, Status, cut
from bench.tracking.survey import Survey

CURVE = "mAP_by_ratio"


def sweep_run(survey: Survey, record: Mapping[str, Any]) -> RunSpec:
    """The parent of the sweep's cells: the command, the table as its description, the report as artifacts."""
    keys = dict.fromkeys(entry["key"] for entry in record["entries"] if entry["key"])
    done = sum(survey.state(key) == "done" for key in keys)
    shared = sum(survey.members[key][0] != record["id"] for key in keys)
    tags = {
        "kind": "sweep",
        "sweep": record["id"],
        "dataset": record["dataset"],
        "protocol": record["protocol"],
        "backbone": record["backbone"],
        "methods": ", ".join(record["methods"]),
        "command": " ".join(record["command"]),
        "cells_done": f"{done}/{len(keys)}",
        "cells_shared": f"{shared}: see tags.sweeps LIKE '%{record['id']}%'" if shared else "",
        NOTE: _note(survey, record) if done else "",
    }
    return RunSpec(
        unit=f"sweep:{record['id']}",
        experiment=experiment_name(record["dataset"], record["protocol"]),
        name=f"sweep {record['id'][:6]}: {', '.join(record['methods'])}"[:200],
        status=_status(survey, record),
        start=_time(record["created"]),
        end=_ended(survey, keys),
        tags={name: cut(value, TAG_LIMIT) for name, value in tags.items() if value},
        files=_report(survey.store.root / "reports" / record["id"]),
    )


def _status(survey: Survey, record: Mapping[str, Any]) -> Status:
    states = {survey.state(entry["key"]) for entry in record["entries"] if entry["key"]}
    waiting = "planned" in states and survey.live and record["id"] == survey.newest
    if "running" in states or waiting:
        return "RUNNING"
    if "failed" in states:
        return "FAILED"
    return "KILLED" if "planned" in states else "FINISHED"


def _note(survey: Survey, record: Mapping[str, Any]) -> str:
    """The report's headline table."""
    from bench.report import load, markdown, ratio_table

    table = ratio_table(load(survey.store, record["id"]))
    return f"**{table.title}**\n\n{markdown(table)}"


def _report(folder: Path) -> dict[str, bytes]:
    """The report's files, if it was written."""
    if not (folder / "stamp.json").exists():
        return {}
    return {f"report/{path.name}": path.read_bytes() for path in sorted(folder.iterdir()) if path.suffix != ".json"}


def summary_run(survey: Survey, record: Mapping[str, Any], method: str) -> RunSpec | None:
    """A run whose `mAP_by_ratio` has the percent as its step, so that MLflow's own chart is the paper's figure.

    The mean over seeds is drawn at a ratio once all its seeds are done. None while there is no number.
    """
    entries = [e for e in record["entries"] if e["method"] == method and e["key"]]
    rows = {e["key"]: survey.store.row(e["key"]) for e in entries if survey.state(e["key"]) == "done"}
    points = tuple(sorted(_points(entries, rows), key=lambda p: (p.key, p.step)))
    if not points:
        return None
    finished = len(rows) == len({e["key"] for e in entries})
    tags = {
        "kind": "summary",
        "sweep": record["id"],
        "method": method,
        "dataset": record["dataset"],
        "protocol": record["protocol"],
        "backbone": record["backbone"],
        "flags": "; ".join(dict.fromkeys(flag for row in rows.values() for flag in row.flags)),
        NOTE: f"`{CURVE}` is mAP of the last epoch, mean over seeds; its step is the percent of known labels.",
    }
    return RunSpec(
        unit=f"summary:{record['id']}:{method}",
        experiment=experiment_name(record["dataset"], record["protocol"]),
        name=f"{method}: mAP over ratios",
        status="FINISHED" if finished else _status(survey, record),
        start=_time(record["created"]),
        end=_ended(survey, rows),
        parent=f"sweep:{record['id']}",
        tags={name: value for name, value in tags.items() if value},
        points=points,
    )


def _points(entries: list[Mapping[str, Any]], rows: Mapping[str, Row]) -> Iterator[Point]:
    by_percent: dict[int | None, list[Mapping[str, Any]]] = {}
    for entry in entries:
        by_percent.setdefault(entry["percent"], []).append(entry)
        if entry["key"] in rows:
            yield Point(f"{CURVE}_seed_{entry['seed']}", rows[entry["key"]].mAP, entry["percent"] or 0)
    for percent, places in by_percent.items():
        keys = dict.fromkeys(entry["key"] for entry in places)
        if all(key in rows for key in keys):
            yield Point(CURVE, statistics.fmean(rows[key].mAP for key in keys), percent or 0)


def _ended(survey: Survey, keys: Iterable[str]) -> float | None:
    return max(filter(None, map(survey.ended, keys)), default=None)


def _time(text: str) -> float:
    return datetime.datetime.fromisoformat(text).timestamp()
