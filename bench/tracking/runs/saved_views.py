"""The saved views of each experiment of a store, by the experiment's name."""

import contextlib

from bench.studies.tune.archive import TuneArchive
from bench.tracking.runs.names import experiment_name, search_experiment
from bench.tracking.runs.survey import Survey
from bench.tracking.runs.units import BROKEN_FILE
from bench.tracking.runs.views import search_views, views


def saved_views(survey: Survey) -> dict[str, dict[str, str]]:
    """Tags of the newest sweep's views in each experiment, and of the newest tuning's in those of searches."""
    sweeps = sorted(survey.sweeps, key=lambda record: record.requested)
    newest = {experiment_name(record.dataset, record.protocol): record for record in sweeps}
    tunings = sorted(survey.tunings, key=_written)
    shown = {name: tuning.name for tuning in tunings if (name := _experiment(tuning))}
    begun: dict[str, str] = {}
    for archive in survey.searches:
        record = archive.record
        begun.setdefault(search_experiment(record), record["created"])
    searches = {name: search_views(shown.get(name, ""), created) for name, created in begun.items()}
    return {**{name: views(record) for name, record in newest.items()}, **searches}


def _written(tuning: TuneArchive) -> float:
    return tuning.folder.stat().st_mtime


def _experiment(tuning: TuneArchive) -> str:
    """Its experiment; "" of a tuning whose record is broken."""
    with contextlib.suppress(*BROKEN_FILE):
        return search_experiment(tuning.record["how"])
    return ""
