"""A tuning as an MLflow run, and each of its methods as one under it: what was chosen, and what a budget is worth."""

import math
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from bench.records.paths import inside
from bench.report.figures.palette import method_styles
from bench.system.wording import counted
from bench.tracking.runs.names import COLOUR, NOTE, PARAM_LIMIT, TAG_LIMIT, cut, metric_key, search_experiment
from bench.tracking.runs.notes import chosen_note, tuning_note
from bench.tracking.runs.spec import MetricPoint, RunSpec, Status

if TYPE_CHECKING:
    from bench.studies.tune.archive import TuneArchive
    from bench.studies.tune.outcome import Tuning
    from bench.studies.tune.page import TunedField

BUDGET_METRIC, CHOSEN_METRIC = "expected_heldout_mAP", "heldout_mAP"
TESTS = ("test_mAP_as_they_were", "test_mAP_tuned")


def tune_run(archive: "TuneArchive") -> RunSpec:
    """The parent of the tuned methods: the command, the table and figure over the budget, and the recipe file."""
    from bench.studies.tune.page import budget_table

    tuned = archive.tuned()
    files = {f"tune/{path.name}": path for path in sorted(archive.folder.glob("*.*")) if path.name[0] != "."}
    files = {name: inside(archive.folder, path.name) for name, path in files.items() if path.name != "stamp.json"}
    how = tuned.how
    tags = {
        "kind": "tune",
        "tune": archive.name,
        "dataset": how["dataset"],
        "protocol": how["protocol"],
        "backbone": how["backbone"],
        "methods": ", ".join(one.method for one in tuned.best_first),
        "ratios": ", ".join(f"{percent} %" for percent in how["percents"]),
        "seeds": ", ".join(map(str, how["seeds"])),
        "trials": f"{how['trials']} each",
        "holdout": f"{how['holdout']} % of the training images, judged by their {how['judged']} labels",
        "left_out": "; ".join(f"{method}: {reason}" for method, reason in tuned.left_out.items()),
        "command": how["command"],
        NOTE: tuning_note(budget_table(tuned), "tune/budget.png" in files),
    }
    states = {_status(one) for one in tuned.tunings}
    return RunSpec(
        unit=f"tune:{archive.name}",
        experiment=search_experiment(tuned.how),
        name=f"{archive.name}: {counted(len(tuned.tunings), 'method')}, {how['trials']} trials each",
        status="FINISHED" if "FINISHED" in states else "FAILED",
        start=min(filter(None, map(_start, tuned.tunings)), default=0.0),
        end=max(filter(None, map(_end, tuned.tunings)), default=None),
        tags={name: cut(value, TAG_LIMIT) for name, value in tags.items() if value},
        files=files,
    )


def tuned_run(archive: "TuneArchive", method: str) -> RunSpec:
    """A method: the chosen settings as params, and its expected held-out mAP with the number of trials as the step."""
    tuned = archive.tuned()
    one = next(one for one in tuned.tunings if one.method == method)
    tags = {
        "kind": "tuned",
        "tune": archive.name,
        "search": one.search,
        "method": method,
        "dataset": tuned.how["dataset"],
        "protocol": tuned.how["protocol"],
        "backbone": tuned.how["backbone"],
        "trials": f"{one.finished} of {len(one.trials)} finished",
        "chosen": _choice(one),
        "changed": _changed(one),
        COLOUR: method_styles([other.method for other in tuned.tunings])[method].colour,
        NOTE: chosen_note(method, one.search, _choice(one), _changed(one)),
    }
    return RunSpec(
        unit=f"tuned:{archive.name}:{method}",
        experiment=search_experiment(tuned.how),
        name=f"{method} tuned",
        status=_status(one),
        start=_start(one) or 0.0,
        end=_end(one),
        parent=f"tune:{archive.name}",
        params={metric_key(name): cut(str(value), PARAM_LIMIT) for name, value in one.after.items()},
        tags={name: cut(value, TAG_LIMIT) for name, value in tags.items() if value},
        points=tuple(_points(tuned, one)),
    )


def _points(tuned: "TunedField", one: "Tuning") -> Iterator[MetricPoint]:
    from bench.studies.tune.figure import budget_line
    from bench.studies.tune.outcome import heldout_sd

    for trials, level in budget_line(one):
        yield MetricPoint(BUDGET_METRIC, level, trials)
    numbers: dict[str, Any] = dict(zip(TESTS, tuned.tests.get(one.method, ()), strict=False))
    if one.chosen:
        numbers |= {CHOSEN_METRIC: one.chosen.value, "heldout_mAP_sd": heldout_sd(one.chosen)}
        numbers["heldout_mAP_as_they_were"] = one.at(1)
    for name, value in numbers.items():
        if value is not None and math.isfinite(value):
            yield MetricPoint(name, value, 0)


def _status(one: "Tuning") -> Status:
    return "FINISHED" if one.chosen else "FAILED"


def _choice(one: "Tuning") -> str:
    """Which trial it was."""
    if one.chosen is None:
        return "the settings as they were: no trial completed"
    number = one.trials.index(one.chosen) + 1
    return "the settings as they were: no draw was better" if number == 1 else f"trial {number} of {len(one.trials)}"


def _changed(one: "Tuning") -> str:
    """`lr 0.0058 -> 0.001, ...`: what differs from the settings as they were."""
    options: Mapping[str, None] = dict.fromkeys([*one.before, *one.after])
    pairs = ((name, one.before.get(name, "default"), one.after.get(name, "default")) for name in options)
    return ", ".join(f"{name} {_short(old)} -> {_short(new)}" for name, old, new in pairs if old != new)


def _short(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _start(one: "Tuning") -> float | None:
    return min(filter(None, (trial.start for trial in one.trials)), default=None)


def _end(one: "Tuning") -> float | None:
    return max(filter(None, (trial.end for trial in one.trials)), default=None)
