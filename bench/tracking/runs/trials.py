"""A trial of a search as an MLflow run under that of the search; its numbers are of held-out training images."""

import datetime
from collections.abc import Iterator, Mapping

from bench.studies.search.archive import SearchArchive
from bench.studies.search.outcome import TrialRecord
from bench.tracking.runs.names import PARAM_LIMIT, TAG_LIMIT, cut, metric_key, search_experiment
from bench.tracking.runs.searches import OBJECTIVE
from bench.tracking.runs.spec import MetricPoint, RunSpec, Status
from bench.tracking.runs.survey import Survey


def trial_run(survey: Survey, archive: SearchArchive, number: int) -> RunSpec:
    """A trial: its settings as params, the objective and the first cell's held-out mAP over epochs as metrics."""
    record = archive.record
    trial = next(trial for trial in archive.trials if trial.number == number)
    status: Mapping[str, Status] = {
        "complete": "FINISHED",
        "pruned": "KILLED",
        "failed": "FAILED",
        "replaced": "FAILED",
        "running": "RUNNING" if survey.live else "KILLED",
        "waiting": "KILLED",
    }
    tags = {
        "kind": "trial",
        "search": archive.name,
        "method": record["method"],
        "dataset": record["dataset"],
        "protocol": record["protocol"],
        "trial": str(number),
        "state": trial.state,
        "reason": trial.reason,
        "failures": "; ".join(trial.failures),
        "origin": trial.origin,
    }
    return RunSpec(
        unit=f"trial:{archive.name}:{number}",
        experiment=search_experiment(record),
        name=f"{record['method']} trial {number}",
        status=status[trial.state],
        start=trial.start or datetime.datetime.fromisoformat(record["created"]).timestamp(),
        end=trial.end,
        parent=f"search:{archive.name}",
        params={metric_key(name): cut(str(value), PARAM_LIMIT) for name, value in trial.settings.items()},
        tags={name: cut(value, TAG_LIMIT) for name, value in tags.items() if value},
        points=tuple(_points(trial)),
    )


def _points(trial: TrialRecord) -> Iterator[MetricPoint]:
    if trial.value is not None:
        yield MetricPoint(OBJECTIVE, trial.value, 0)
    for epoch, value in trial.curve.items():
        yield MetricPoint("heldout_mAP", value, int(epoch))
    for cell in trial.cells.values():
        ratio = "" if cell["percent"] is None else f"/{cell['percent']}_percent"
        yield MetricPoint(f"heldout_mAP{ratio}/seed_{cell['seed']}", cell["heldout_mAP"], 0)
