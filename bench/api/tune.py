"""Equal effort: the settings of every method searched under one budget, and a recipe file of the best ones."""

import dataclasses
import datetime
import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from bench import __version__
from bench.api.execution import Execution
from bench.api.plan import make_plan
from bench.api.run import execute
from bench.api.search import plan_searches, run_searches
from bench.api.search_options import SearchOptions
from bench.api.sweep import Sweep
from bench.data import Dataset
from bench.errors import UsageError
from bench.planning.request import Request, Variant
from bench.planning.trained_methods import has_epochs
from bench.records.store import Store
from bench.report import Results
from bench.studies.search.archive import SearchArchive
from bench.studies.search.best import full_settings, settings_as_they_were
from bench.studies.search.outcome import best
from bench.studies.search.request import SearchRequest
from bench.studies.search.session import Session
from bench.studies.tune.figure import TestLevels
from bench.studies.tune.outcome import Tuning, counted_trials
from bench.studies.tune.page import TUNE_RECIPE, TunedField, tune_folder, write_tuned
from bench.studies.tune.recipe_file import refuse_other_files, render_recipe_file
from bench.system.files import write_text
from methods import METHODS

BEFORE = "as they were"


@dataclass(frozen=True)
class TunedSweep:
    """A finished tuning. sweep: of the trainings on all training images; None if none was requested."""

    tuned: TunedField
    file: Path
    page: Path
    sweep: Sweep | None

    @property
    def failed(self) -> bool:
        """Whether some trial or cell failed."""
        lost = any(trial.state == "failed" for one in self.tuned.tunings for trial in one.trials)
        return lost or bool(self.sweep and self.sweep.failed)


def tune(
    request: Request,
    options: SearchOptions,
    execution: Execution,
    command: Sequence[str],
    *,
    retrain: bool = True,
    quiet: bool = False,
) -> TunedSweep:
    """Give every method `options.trials` trials, the first its settings as they are and the others drawn at random.

    The test split is out of reach of the trials. retrain: then train the original and the chosen settings on all
    training images, for the page. An interrupted tuning is resumed.
    """
    if options.out:
        refuse_other_files(options.out)
    request, options, dataset, searches, left_out = plan_tuning(request, options, execution)
    how = {
        "command": shlex.join(command),
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "version": __version__,
        "dataset": request.dataset,
        "protocol": request.protocol,
        "backbone": request.backbone,
        "percents": list(request.percents),
        "seeds": list(request.seeds),
        "trials": options.trials,
        "holdout": request.holdout,
        "judged": options.judged,
        "search_seed": options.seed,
    }

    def outcome(sessions: Sequence[Session]) -> TunedField:
        return TunedField(tuple(_tuning(session, options.trials) for session in sessions), how, left_out)

    def write(tuned: TunedField) -> tuple[Path, Path]:
        file = options.out or tune_folder(execution.results, tuned) / TUNE_RECIPE
        recipe = render_recipe_file(request.backbone, how, tuned.tunings, left_out)
        page = write_tuned(tuned, execution.results, file, recipe)
        if options.out:
            write_text(file, recipe)
        return file, page

    def end(sessions: Sequence[Session]) -> None:
        write(outcome(sessions))

    tuned = outcome(run_searches(searches, dataset, options, execution, command, quiet, end))
    sweep = None
    if retrain:

        def study(results: Results, store: Store) -> Path:
            return write(dataclasses.replace(tuned, tests=_tests(results, tuned.tunings)))[1]

        sweep = execute(make_plan(_both(request, tuned.tunings), execution), command, quiet=quiet, study=study)
        tuned = dataclasses.replace(tuned, tests=_tests(sweep.results, tuned.tunings))
    return TunedSweep(tuned, *write(tuned), sweep)


class PlannedTuning(NamedTuple):
    """What a tuning will do. left_out: why methods cannot run here, by name."""

    request: Request
    options: SearchOptions
    dataset: Dataset
    searches: Sequence[SearchRequest]
    left_out: Mapping[str, str]


def plan_tuning(request: Request, options: SearchOptions, execution: Execution) -> PlannedTuning:
    """A search of independent random draws for each trained method that can run here."""
    named = not request.every
    request = dataclasses.replace(request, methods=_trained(request, named))
    options = dataclasses.replace(options, sampler="random", pruner="none")
    request, dataset, searches = plan_searches(request, options, execution, always_start=True)
    return PlannedTuning(request, options, dataset, *_possible(searches, dataset, named))


def _trained(request: Request, named: bool) -> tuple[str, ...]:
    """The methods of the request by name; UsageError for one that is given and not trained, or given as a grid."""
    names = [variant.method for variant in request.variants]
    untrained = [name for name in names if not has_epochs(request, name)]
    if named and untrained:
        raise UsageError(f"{untrained[0]} is not trained, so it has no settings to tune; leave it out of --methods.")
    return tuple(name for name in names if name not in untrained)


def _possible(
    searches: Iterable[SearchRequest], dataset: Dataset, named: bool
) -> tuple[list[SearchRequest], dict[str, str]]:
    """The searches that can run here, and why others cannot, by method; UsageError if the user named one of those."""
    possible, left_out = [], {}
    for search in searches:
        try:
            search.cells(dataset, {})
        except UsageError as error:
            if named:
                raise
            left_out[search.method] = str(error)
        else:
            possible.append(search)
    if not possible:
        raise UsageError("No trained method can run here. " + " ".join(left_out.values()))
    return possible, left_out


def _tuning(session: Session, budget: int) -> Tuning:
    archive: SearchArchive = session.archive
    trials = counted_trials(archive.trials, budget)
    winner, before = best(trials), settings_as_they_were(session.request)
    after = full_settings(session.request, winner) if winner else before
    space = archive.record["space"]
    return Tuning(session.request.method, archive.name, space, before, after, trials)


def _both(request: Request, tunings: Sequence[Tuning]) -> Request:
    """The sweep of ordinary cells on all training images: each method with its original and its tuned settings."""
    lines = [
        variant
        for one in tunings
        for variant in (Variant(one.method, one.before, _before(one)), Variant(one.method, one.after, one.method))
    ]
    others = {name: options for name, options in request.overrides.items() if name not in METHODS.names()}
    return dataclasses.replace(request, methods=tuple(lines), holdout=0, overrides=others)


def _before(one: Tuning) -> str:
    return f"{one.method}: {BEFORE}"


def _tests(results: Results, tunings: Sequence[Tuning]) -> TestLevels:
    """Test mAP of each method before and after, the mean over ratios and seeds; None unless all have a number."""
    levels: dict[str, list[float | None]] = {}
    for place in results.selection.places:
        row = results.rows.get(place.key) if place.key else None
        levels.setdefault(place.method, []).append(row.mAP if row else None)
    means = {
        name: sum(x for x in values if x is not None) / len(values) if values and None not in values else None
        for name, values in levels.items()
    }
    return {one.method: (means.get(_before(one)), means.get(one.method)) for one in tunings}
