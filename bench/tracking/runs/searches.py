"""A search as an MLflow run. All numbers are of held-out training images."""

import datetime
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bench.records.paths import inside
from bench.studies.search.archive import SearchArchive
from bench.studies.search.outcome import TrialRecord, best, best_so_far
from bench.system.wording import counted
from bench.tracking.runs.names import NOTE, PARAM_LIMIT, TAG_LIMIT, cut, metric_key, search_experiment
from bench.tracking.runs.spec import MetricPoint, RunSpec, Status
from bench.tracking.runs.survey import Survey

OBJECTIVE, BEST = "objective", "best_objective"


def search_run(survey: Survey, archive: SearchArchive) -> RunSpec:
    """The parent of the trials: the request, the best objective over trials (its step is the trial), the plots."""
    record, trials = archive.record, archive.trials
    winner = best(trials)
    counts = {state: sum(trial.state == state for trial in trials) for state in ("complete", "pruned", "failed")}
    tags = {
        "kind": "search",
        "search": archive.name,
        "method": record["method"],
        "dataset": record["dataset"],
        "protocol": record["protocol"],
        "backbone": record["backbone"],
        "ratios": ", ".join(f"{percent} %" for percent in record["percents"]),
        "holdout": f"{record['holdout']} % of the training images, judged by their {record['judged']} labels",
        "sampler": record["sampler"],
        "pruner": record["pruner"],
        "optuna": record["optuna"],
        "command": " ".join(record["command"]),
        "trials": ", ".join(f"{number} {state}" for state, number in counts.items() if number),
        "best_trial": f"{winner.number}: {_text(winner.settings)}" if winner else "",
        NOTE: _note(record),
    }
    return RunSpec(
        unit=f"search:{archive.name}",
        experiment=search_experiment(record),
        name=f"search {archive.name}",
        status=_status(survey, record, trials),
        start=datetime.datetime.fromisoformat(record["created"]).timestamp(),
        end=max((trial.end for trial in trials if trial.end), default=None),
        params={metric_key(f"space.{name}"): cut(str(spec), PARAM_LIMIT) for name, spec in record["space"].items()},
        tags={name: cut(value, TAG_LIMIT) for name, value in tags.items() if value},
        points=tuple(MetricPoint(BEST, value, number) for number, value in best_so_far(trials)),
        files=_files(archive),
    )


def _files(archive: SearchArchive) -> dict[str, bytes | Path]:
    """The plots, the request and every trial, and the best settings once they are written."""
    files: dict[str, bytes | Path] = {f"plots/{path.name}": path.read_bytes() for path in archive.plots}
    if files:  # the plots come at the end; until then a file would be sent again with every trial
        record = {name: value for name, value in archive.record.items() if name != "asked"}
        files["search.json"] = (json.dumps(record, indent=1) + "\n").encode()
        files["trials.json"] = inside(archive.folder, "trials.json").read_bytes()
    if best := archive.best_file:
        files["best.yaml"] = best.read_bytes()
    return files


def _status(survey: Survey, record: Mapping[str, Any], trials: list[TrialRecord]) -> Status:
    ended = sum(trial.state in ("complete", "pruned", "failed") for trial in trials)
    if ended < record["total"]:
        return "RUNNING" if survey.live else "KILLED"
    return "FINISHED" if best(trials) else "FAILED"


def _note(record: Mapping[str, Any]) -> str:
    return (
        f"Settings of `{record['method']}`, judged by the last epoch's mAP on {record['holdout']} % of the training "
        f"images, held out, by their {record['judged']} labels; the mean over "
        f"{counted(len(record['cells']), 'cell')}. The test split was out of reach."
    )


def _text(settings: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}={value}" for name, value in settings.items())
