"""The saved views of each experiment of a store, by the experiment's name."""

import contextlib

from bench.errors import DataError
from bench.studies.tune.archive import TuneArchive
from bench.tracking.cells import experiment_name
from bench.tracking.notes import SEARCHES
from bench.tracking.survey import Survey
from bench.tracking.views import search_views, views

BROKEN_FILE = (OSError, ValueError, KeyError, TypeError, DataError)
"""What a broken file of the store raises."""


def saved_views(survey: Survey) -> dict[str, dict[str, str]]:
    """Tags of the newest sweep's views in each experiment, and of the newest tuning's in those of searches."""
    sweeps = sorted(survey.sweeps, key=lambda record: record.requested)
    newest = {experiment_name(record.dataset, record.protocol): record for record in sweeps}
    tunings = sorted(survey.tunings, key=_written)
    shown = {name: tuning.name for tuning in tunings if (name := _experiment(tuning))}
    begun: dict[str, str] = {}
    for archive in survey.searches:
        record = archive.record
        begun.setdefault(f"{experiment_name(record['dataset'], record['protocol'])}{SEARCHES}", record["created"])
    searches = {name: search_views(shown.get(name, ""), created) for name, created in begun.items()}
    return {**{name: views(record) for name, record in newest.items()}, **searches}


def _written(tuning: TuneArchive) -> float:
    return tuning.folder.stat().st_mtime


def _experiment(tuning: TuneArchive) -> str:
    """Its experiment; "" of a tuning whose record is broken."""
    with contextlib.suppress(*BROKEN_FILE):
        how = tuning.record["how"]
        return f"{experiment_name(how['dataset'], how['protocol'])}{SEARCHES}"
    return ""
