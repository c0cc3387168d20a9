"""Signatures of what is projected: which runs may have to change since they were written."""

import dataclasses
import functools
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench.records.sweeps import SweepRecord
from bench.report.figures import palette
from bench.studies.search.archive import SearchArchive
from bench.studies.tune.archive import TuneArchive
from bench.tracking.runs.survey import Survey, when_written
from bench.tracking.runs.units import BROKEN_FILE


def signatures(survey: Survey) -> dict[str, str]:
    """Unit to a hash that changes whenever its run may have to change; parents come before their children."""
    units: dict[str, Any] = {}
    for record in survey.sweeps:
        live = survey.live and record.id == survey.newest
        reports = [when_written(folder / "stamp.json") for folder in survey.reports(record).values()]
        known = [reports, sorted(map(str, survey.targets(record)))]
        units[f"sweep:{record.id}"] = [record.content(), live, _filled(survey, record, None), known]
    for key, state in survey.states.items():
        files = [when_written(path) for path in survey.changing_files(key)]
        units[f"cell:{key}"] = [state, survey.members.get(key, ()), files]
    for record in survey.sweeps:
        places = [place.to_json() for place in record.places]
        for method in record.methods:
            facts = [places, _filled(survey, record, method), survey.running(record)]
            units[f"summary:{record.id}:{method}"] = facts
    for archive in survey.searches:
        units |= _of_search(survey, archive)
    for tuning in survey.tunings:
        units |= _of_tuning(survey, tuning)
    return {unit: _hash([_code(), facts]) for unit, facts in units.items()}


def _filled(survey: Survey, record: SweepRecord, method: str | None) -> list[Any]:
    keys = [key for _, key in record.filled(method)]
    return [[key, survey.state(key), when_written(survey.store.file(key, "row.json"))] for key in keys]


def _of_search(survey: Survey, archive: SearchArchive) -> dict[str, Any]:
    trials = archive.trials
    fields = {name: value for name, value in archive.record.items() if name != "asked"}
    drawn = [[[path.name, when_written(path)] for path in archive.plots], when_written(archive.best_file)]
    units: dict[str, Any] = {f"search:{archive.name}": [fields, survey.live, *map(dataclasses.asdict, trials), *drawn]}
    for trial in trials:
        running = survey.live and trial.state == "running"
        units[f"trial:{archive.name}:{trial.number}"] = [dataclasses.asdict(trial), running]
    return units


def _of_tuning(survey: Survey, tuning: TuneArchive) -> dict[str, Any]:
    trials = [when_written(archive.folder / "trials.json") for archive in survey.searches]
    facts = [when_written(tuning.folder / "stamp.json"), trials]
    try:
        methods = tuning.methods
    except BROKEN_FILE:  # its own run says so
        methods = ()
    return {f"tune:{tuning.name}": facts, **{f"tuned:{tuning.name}:{method}": facts for method in methods}}


def _hash(data: Any) -> str:
    return hashlib.sha256(json.dumps(data, sort_keys=True).encode()).hexdigest()[:16]


@functools.cache
def _code() -> str:
    """A hash of this package and its colours: a newer version of it looks at every run again."""
    return _hash([path.read_text() for path in _sources()])


def _sources() -> Iterator[Path]:
    yield from sorted(Path(__file__).parents[1].rglob("*.py"))
    yield Path(palette.__file__)
