"""A sweep as an MLflow run."""

import json
from collections.abc import Sequence
from pathlib import Path

from bench.records.paths import inside
from bench.records.sweeps import SweepRecord
from bench.system.wording import counted
from bench.tracking.runs.names import NOTE, TAG_LIMIT, cut, experiment_name
from bench.tracking.runs.notes import sweep_note
from bench.tracking.runs.progress import any_done, ended, sweep_status, time_of
from bench.tracking.runs.spec import RunSpec
from bench.tracking.runs.survey import Survey

RECORD, TARGETS = "sweep.json", "targets"
"""Artifacts of a sweep's run: its record, and a folder of test labels."""

WORDS = {"RUNNING": "running", "FAILED": "failed", "KILLED": "interrupted", "FINISHED": "done"}
"""What the tag `status` says."""


def sweep_run(survey: Survey, record: SweepRecord) -> RunSpec:
    """The parent of the sweep's cells: the command, figure and table as its description, the report as artifacts."""
    keys, status = record.keys, sweep_status(survey, record)
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
        "status": WORDS[status],
        NOTE: _note(survey, record, f"{done} of {len(keys)} cells done", "report/ratios.png" in report, [*study]),
    }
    return RunSpec(
        unit=f"sweep:{record.id}",
        experiment=experiment_name(record.dataset, record.protocol),
        name=_name(record),
        status=status,
        start=time_of(record.created),
        end=ended(survey, keys),
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


def _note(survey: Survey, record: SweepRecord, state: str, has_figure: bool, study: Sequence[str]) -> str:
    if not any_done(survey, record):
        return sweep_note(None, state, has_figure, study)
    from bench.report import ratio_table

    results = survey.results(record)
    return sweep_note(ratio_table(results) if results.rows else None, state, has_figure, study)


def _records(survey: Survey, record: SweepRecord) -> dict[str, bytes | Path]:
    """What a report needs beside the cells. The time of its last request is no part of it."""
    labels: dict[str, bytes | Path] = {f"{TARGETS}/{path.name}": path for path in survey.targets(record)}
    return {RECORD: (json.dumps(record.content(), indent=1) + "\n").encode(), **labels}


def _files_of(folder: Path, name: str) -> dict[str, bytes | Path]:
    """A report's files as artifacts in a folder `name`, if it was written; its pages link to each other."""
    if not (folder / "stamp.json").exists():
        return {}
    names = (path.relative_to(folder).as_posix() for path in sorted(folder.rglob("*")) if path.is_file())
    files = {f"{name}/{own}": inside(folder, own) for own in names if own != "stamp.json"}
    return {artifact: path for artifact, path in files.items() if not path.name.startswith(".")}
