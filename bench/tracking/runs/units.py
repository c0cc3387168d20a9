"""Units of a projection: each cell, sweep, method of a sweep, search and trial has one run."""

from bench.errors import DataError
from bench.tracking.runs.cells import cell_run
from bench.tracking.runs.searches import search_run
from bench.tracking.runs.spec import RunSpec
from bench.tracking.runs.summaries import summary_run
from bench.tracking.runs.survey import Survey
from bench.tracking.runs.sweeps import sweep_run
from bench.tracking.runs.trials import trial_run
from bench.tracking.runs.tunings import tune_run, tuned_run

BROKEN_FILE = (OSError, ValueError, KeyError, TypeError, DataError)
"""What a broken file of the store raises."""


def spec_of(survey: Survey, unit: str) -> RunSpec | None:
    """What the unit's run is to hold; None where there is nothing to show yet."""
    kind, _, rest = unit.partition(":")
    if kind == "cell":
        return cell_run(survey, rest)
    if kind == "search":
        return search_run(survey, survey.search(rest))
    if kind == "trial":
        name, _, number = rest.rpartition(":")
        return trial_run(survey, survey.search(name), int(number))
    if kind == "tune":
        return tune_run(survey.tuning(rest))
    sweep, _, method = rest.partition(":")
    if kind == "tuned":
        return tuned_run(survey.tuning(sweep), method)
    record = next(record for record in survey.sweeps if record.id == sweep)
    return sweep_run(survey, record) if kind == "sweep" else summary_run(survey, record, method)
