"""A sweep as an MLflow run, and each of its methods as one that draws mAP over the ratios."""

import datetime
import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from bench.records.names import inside
from bench.records.sweeps import SweepRecord
from bench.system.wording import counted
from bench.tracking.cells import experiment_name
from bench.tracking.notes import summary_note, sweep_note
from bench.tracking.spec import NOTE, TAG_LIMIT, Point, RunSpec, Status, cut
from bench.tracking.survey import Survey
from bench.tracking.views import average_tag, percent_tag

if TYPE_CHECKING:
    from bench.report import Results

CURVE, AVERAGE = "mAP_by_ratio", "mAP_average"
RECORD, TARGETS = "sweep.json", "targets"
"""Artifacts of a sweep's run: what was asked for, and a folder of test labels."""


def sweep_run(survey: Survey, record: SweepRecord) -> RunSpec:
    """The parent of the sweep's cells: the command, figure and table as its description, the report as artifacts."""
    keys = record.keys
    done = sum(survey.state(key) == "done" for key in keys)
    shared = sum(survey.members[key][0] != record.id for key in keys)
    reports = {name: _files_of(folder, name) for name, folder in survey.reports(record).items()}
    report, study = reports["report"], reports.get(record.study_kind, {})
    tags = {
        "kind": "sweep",
        "sweep": record.id,
        "dataset": record.dataset,
        "protocol": record.protocol,
        "backbone": record.backbone,
        "methods": ", ".join(record.methods),
        "study": _study(record),
        "command": " ".join(record.command),
        "cells_done": f"{done}/{len(keys)}",
        "cells_shared": f"{shared}: see tags.sweeps LIKE '%{record.id}%'" if shared else "",
        "status": _word(survey, record),
        NOTE: _note(survey, record, f"{done} of {len(keys)} cells done", "report/ratios.png" in report, [*study]),
    }
    return RunSpec(
        unit=f"sweep:{record.id}",
        experiment=experiment_name(record.dataset, record.protocol),
        name=_name(record),
        status=_status(survey, record),
        start=_time(record.created),
        end=_ended(survey, keys),
        tags={name: cut(value, TAG_LIMIT) for name, value in tags.items() if value},
        files={**_records(survey, record), **report, **study},
    )


def _name(record: SweepRecord) -> str:
    """Short enough for a column: `sweep 4d2d83: 29 methods, 10-90 %, 3 seeds`; a study by its name and method."""
    methods = record.methods
    named = ", ".join(methods) if len(methods) <= 3 else counted(len(methods), "method")
    named = record.study.get("method", named)
    percents = sorted({place.percent for place in record.places if place.percent is not None})
    ratios = [f"{percents[0]}-{percents[-1]} %" if len(percents) > 1 else f"{percents[0]} %"] if percents else []
    seeds = len({place.seed for place in record.places})
    return f"{_study(record) or 'sweep'} {record.id[:6]}: " + ", ".join(
        [named, *ratios, f"{seeds} seed{'s' * (seeds != 1)}"]
    )


def _study(record: SweepRecord) -> str:
    """What the sweep's lines are to tell together, "" for an ordinary comparison: `ablation (ladder)`."""
    design = f"({record.study['design']})" if "design" in record.study else ""
    return " ".join(filter(None, [record.study_kind, design]))


def _word(survey: Survey, record: SweepRecord) -> str:
    words = {"RUNNING": "running", "FAILED": "failed", "KILLED": "interrupted", "FINISHED": "done"}
    return words[_status(survey, record)]


def _status(survey: Survey, record: SweepRecord) -> Status:
    if survey.running(record):
        return "RUNNING"
    states = set(map(survey.state, record.keys))
    if "failed" in states:
        return "FAILED"
    return "KILLED" if "planned" in states else "FINISHED"


def _note(survey: Survey, record: SweepRecord, state: str, has_figure: bool, study: Sequence[str]) -> str:
    if not _any_done(survey, record):
        return sweep_note(None, state, has_figure, study)
    from bench.report import ratio_table

    results = survey.results(record)
    return sweep_note(ratio_table(results) if results.rows else None, state, has_figure, study)


def _any_done(survey: Survey, record: SweepRecord, method: str | None = None) -> bool:
    """Whether the report has anything to say; it takes seconds to import."""
    return any(survey.state(key) == "done" for _, key in record.filled(method))


def _records(survey: Survey, record: SweepRecord) -> dict[str, bytes | Path]:
    """What a report needs beside the cells. When a sweep was last asked for is no part of it."""
    labels: dict[str, bytes | Path] = {f"{TARGETS}/{path.name}": path for path in survey.targets(record)}
    return {RECORD: (json.dumps(record.content(), indent=1) + "\n").encode(), **labels}


def _files_of(folder: Path, name: str) -> dict[str, bytes | Path]:
    """A report's files as artifacts in a folder `name`, if it was written; its pages link to each other."""
    if not (folder / "stamp.json").exists():
        return {}
    names = (path.relative_to(folder).as_posix() for path in sorted(folder.rglob("*")) if path.is_file())
    files = {f"{name}/{own}": inside(folder, own) for own in names if own != "stamp.json"}
    return {artifact: path for artifact, path in files.items() if not path.name.startswith(".")}


def summary_run(survey: Survey, record: SweepRecord, method: str) -> RunSpec | None:
    """A run whose `mAP_by_ratio` has the percent as its step, so that MLflow's own chart is the paper's figure.

    Its numbers are the report's. While the sweep runs, a mean over seeds is drawn once all of them are done, since
    MLflow cannot take points back. None while there is no number.
    """
    if not _any_done(survey, record, method):
        return None
    results = survey.results(record)
    places = [place.key for place in results.selection.places if place.method == method and place.key]
    keys = [key for key in places if key in results.rows]
    if not keys:
        return None
    rows = [results.rows[key] for key in dict.fromkeys(keys)]
    running = survey.running(record)
    points = tuple(sorted(_points(results, method, running), key=lambda p: (p.key, p.step)))
    tags = {
        "kind": "summary",
        "sweep": record.id,
        "method": method,
        "dataset": record.dataset,
        "protocol": record.protocol,
        "backbone": record.backbone,
        "flags": "; ".join(dict.fromkeys(flag for row in rows for flag in row.flags)),
        "missing": f"{len(places) - len(keys)} of {len(places)} places" if len(keys) < len(places) else "",
        NOTE: summary_note(method, record),
        **_numbers(results, method),
    }
    return RunSpec(
        unit=f"summary:{record.id}:{method}",
        experiment=experiment_name(record.dataset, record.protocol),
        name=method,
        status="FINISHED" if len(keys) == len(places) else _status(survey, record),
        start=_time(record.created),
        end=_ended(survey, keys),
        parent=f"sweep:{record.id}",
        tags={name: value for name, value in tags.items() if value},
        points=points,
    )


def _points(results: "Results", method: str, running: bool) -> Iterator[Point]:
    import pandas as pd

    from bench.report.tables.spread import over_ratios, over_seeds

    mine = results.frame[results.frame["method"] == method]
    known: dict[int | None, set[int]] = {}
    for percent, seed, value in zip(mine["percent"].tolist(), mine["seed"], mine["mAP"], strict=True):
        ratio = None if pd.isna(percent) else int(percent)
        known.setdefault(ratio, set()).add(seed)
        yield Point(f"{CURVE}_seed_{seed}", float(value), ratio or 0)
    for (_, ratio), spread in over_seeds(mine, "mAP").items():
        if not running or known.get(ratio) == set(results.seeds):
            yield Point(CURVE, spread.mean, ratio or 0)
    complete = all(known.get(ratio) == set(results.seeds) for ratio in results.percents)
    for spread in over_ratios(mine, "mAP", results.percents).values():
        if not running or complete:
            yield Point(AVERAGE, spread.mean, 0)


def _numbers(results: "Results", method: str) -> dict[str, str]:
    """The method's line of the report's table: `82.6 ± 1.2` under `mAP 0.10`, ..., `mAP average`."""
    from bench.report.tables.spread import over_ratios, over_seeds
    from bench.report.tables.standard import number

    mine = results.frame[results.frame["method"] == method]
    told = {percent_tag(percent): number(spread) for (_, percent), spread in over_seeds(mine, "mAP").items()}
    if len(results.percents) > 1:
        told |= {average_tag(): number(spread) for spread in over_ratios(mine, "mAP", results.percents).values()}
    return told


def _ended(survey: Survey, keys: Iterable[str]) -> float | None:
    return max(filter(None, map(survey.ended, keys)), default=None)


def _time(text: str) -> float:
    return datetime.datetime.fromisoformat(text).timestamp()
