"""What every command that trains has in common: from flags to a sweep, from a sweep to its results and report."""

import datetime
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import typer

from bench.cli.display import PlainObserver, observer_for, show_table
from bench.cli.options import How, What, names
from bench.cli.prepare import checking
from bench.data import DATASETS, Dataset
from bench.errors import UsageError
from bench.executors.driver import run_cells
from bench.features.feeds import asked_for
from bench.planning.grid import Grid, variants
from bench.planning.plan import PlannedPlace, cells, open_dataset, plan
from bench.planning.ratios import parse_ratios, parse_seeds
from bench.planning.record import record
from bench.planning.request import Request
from bench.records.cells import Cell
from bench.records.store import Store
from bench.report import Results, load, write_report
from bench.report.write import IN_PASSING
from bench.settings.config import parse_overrides
from bench.system.paths import default_cache
from bench.training.resources import Resources, choose_device

Overrides = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Plan:
    """A sweep with its dataset opened and every place of its table worked out: wrong use has shown by now."""

    sweep: Request
    dataset: Dataset
    entries: Sequence[PlannedPlace]

    @property
    def cells(self) -> list[Cell]:
        """The distinct cells, in running order."""
        return list(cells(self.entries))

    @property
    def titles(self) -> dict[str, str]:
        """How a person reads each cell, by key: with the name of the line in which it stands first."""
        told: dict[str, str] = {}
        for entry in self.entries:
            if entry.cell:
                told.setdefault(entry.cell.key, entry.cell.title_as(entry.method))
        return told


@dataclass(frozen=True)
class Done:
    """A sweep that came to its end: its results, where its report is, how many cells failed, and its study's page."""

    results: Results
    report: Path
    failed: int
    page: Path | None = None


def overrides_of(what: What) -> dict[str, dict[str, str]]:
    """`--set` as `{name: {option: value}}`."""
    return parse_overrides(what.settings or [])


def sweep_of(what: What, settings: Overrides | None = None, grid: Grid | None = None) -> Request:
    """The sweep that these flags ask for.

    settings: in place of those of `--set`. With a grid, methods stand in the sweep once for each of their settings.
    """
    percents, seeds, methods = parse_ratios(what.ratios), parse_seeds(what.seeds), names(what.methods)
    if not methods:
        raise UsageError("--methods is empty; name at least one, for instance trm_ml,dualcoop.")
    given = overrides_of(what) if settings is None else settings
    feed, overrides = asked_for(what.views, what.live, what.augment, given)
    # `--data scenes.world=7` names the dataset too
    named = [name for name in overrides if name in DATASETS.names()]
    return Request(
        methods=variants(methods, grid, fixed=overrides) if grid else methods,
        percents=tuple(percents),
        seeds=tuple(seeds),
        dataset=what.dataset or (named[0] if named else "scenes"),
        protocol=what.protocol,
        backbone=what.backbone,
        recipe=what.recipe,
        holdout=what.holdout,
        overrides=overrides,
        root=what.root,
        feed=feed,
    )


def planned(sweep: Request, how: How) -> Plan:
    """Open the dataset and plan; nothing is written into the store."""
    how.refuse_wrong_use()
    dataset = open_dataset(sweep, how.cache or default_cache())
    with checking(dataset):
        return Plan(sweep, dataset, plan(sweep, dataset))


def execute(asked: Request | Plan, how: How, study: Callable[[Results, Store], Path] | None = None) -> Done:
    """Bring every cell to its end, with what a person sees of it on standard error, and write the report.

    study: writes the page of the study that the sweep is of, in time for MLflow to have it.
    """
    plan = asked if isinstance(asked, Plan) else planned(asked, how)
    device = choose_device(how.device)
    store = Store(how.results)
    now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    sweep_record = record(plan.sweep, plan.entries, command=["bench", *sys.argv[1:]], created=now)
    store.save_sweep(sweep_record)

    from bench.tracking import following

    with (
        observer_for(plan.cells, store, quiet=how.as_json, titles=plan.titles) as observer,
        following(store, how.tracking_uri, how.mlflow) as follower,
    ):
        _run(plan, store, device, how, observer)
        results = load(store, sweep_record.id)
        report = write_report(results, store, within=IN_PASSING)
        page = study(results, store) if study else None
        problem = follower.finish(observer.say)
    if problem:
        typer.secho(f"warning: {problem}", fg="yellow", err=True)
    return Done(results, report, observer.failed, page)


def _run(plan: Plan, store: Store, device: torch.device, how: How, observer: PlainObserver) -> None:
    """Run the cells: the one place that knows who trains them."""
    cache = how.cache or default_cache()
    resources = Resources(plan.dataset, device, cache, progress=observer.encoding, keep_weights=how.weights)
    pending = [cell for cell in plan.cells if store.state(cell.key) != "done"]
    with how.open_executor(resources, store, pending=len(pending)) as executor:
        if pending and how.encodes_here:
            resources.prepare(pending[0])
        run_cells(plan.cells, store, executor, observer)


def conclude(done: Done, how: How) -> None:
    """The table, or JSON, on standard output; exit code 1 if a cell failed."""
    if how.as_json:
        typer.echo(json.dumps(done.results.to_json()))
    else:
        show_table(done.results, done.report, how.results)
    if done.failed:
        raise typer.Exit(1)
