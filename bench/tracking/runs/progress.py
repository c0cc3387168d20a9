"""Progress of a sweep: its status, whether it has a number, and when it began and ended."""

import datetime
from collections.abc import Iterable

from bench.records.sweeps import SweepRecord
from bench.tracking.runs.spec import Status
from bench.tracking.runs.survey import Survey


def sweep_status(survey: Survey, record: SweepRecord) -> Status:
    if survey.running(record):
        return "RUNNING"
    states = set(map(survey.state, record.keys))
    if "failed" in states:
        return "FAILED"
    return "KILLED" if "planned" in states else "FINISHED"


def any_done(survey: Survey, record: SweepRecord, method: str | None = None) -> bool:
    """Whether the report has anything to say; it takes seconds to import."""
    return any(survey.state(key) == "done" for _, key in record.filled(method))


def ended(survey: Survey, keys: Iterable[str]) -> float | None:
    return max(filter(None, map(survey.ended, keys)), default=None)


def time_of(text: str) -> float:
    return datetime.datetime.fromisoformat(text).timestamp()
