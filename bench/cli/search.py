"""`bench search`: settings of a method, chosen on held-out training images."""

import dataclasses
import json
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

import typer

from bench.cli.options import ExecutionFlags, Methods, Ratios, RequestFlags
from bench.cli.output import command_line, conclude
from bench.cli.search_plan import DryRun, show_searches
from bench.planning.ratios import LARGEST_SEED
from bench.system.console import plain_console

if TYPE_CHECKING:
    from bench.api.search_options import SearchOptions


@dataclasses.dataclass(frozen=True, kw_only=True)
class SearchFlags(RequestFlags):
    """Flags of a search: a trial is one proposal at all ratios and seeds."""

    methods: Methods = "trm_ml"
    ratios: Ratios = "0.1,0.5"
    holdout: Annotated[
        int, typer.Option(help="Percent of training images held out, to judge trials on.", min=0, max=90)
    ] = 20
    holdout_labels: Annotated[
        Literal["observed", "full"],
        typer.Option(
            help="Judge held-out images by the labels that the protocol leaves known there, as in practice, "
            "or by all of them."
        ),
    ] = "observed"


@dataclasses.dataclass(frozen=True, kw_only=True)
class TrialFlags:
    """Flags that say which trials are made."""

    panel: ClassVar[str | None] = None

    trials: Annotated[
        int, typer.Option(help="Trials of each method in all, those of earlier commands included.", min=1, max=100_000)
    ] = 20
    space: Annotated[
        Path | None,
        typer.Option(
            help="YAML: METHOD: {OPTION: {low, high, log} or [choices] or null}; see `bench ls methods NAME`."
        ),
    ] = None
    search_seed: Annotated[int, typer.Option(help="Seed of the proposals.", min=0, max=LARGEST_SEED)] = 0
    storage: Annotated[
        str | None, typer.Option(help="An Optuna storage URL, to share the trials; by default a file in the store.")
    ] = None
    retries: Annotated[
        int, typer.Option(help="How often a trial whose cell fails is tried again.", min=0, max=1000)
    ] = 1
    out: Annotated[
        Path | None, typer.Option(help="Where to write the best settings; by default under the store's searches/best.")
    ] = None

    def options(self, request: SearchFlags, **more: Any) -> "SearchOptions":
        """These flags as the Python interface takes them. more: what only one of the commands has flags for."""
        from bench.api.search_options import SearchOptions

        given = {field.name: getattr(self, field.name) for field in dataclasses.fields(TrialFlags)}
        return SearchOptions(judged=request.holdout_labels, seed=given.pop("search_seed"), **given, **more)


def search(
    request: SearchFlags,
    execution: ExecutionFlags,
    trial: TrialFlags,
    sampler: Annotated[
        str, typer.Option(help="tpe (Parzen estimator), random, cmaes (CMA-ES) or gp (Gaussian process).")
    ] = "tpe",
    pruner: Annotated[
        str, typer.Option(help="none, median or hyperband: ends weak trials by their first ratio's held-out mAP.")
    ] = "none",
    retrain: Annotated[
        bool,
        typer.Option(help="Then train the best settings on all training images, and score them on the test split."),
    ] = True,
    dry_run: DryRun = False,
) -> None:
    """Search the settings of each method on held-out training images; the test split is out of reach until the end.

    The same command resumes an interrupted search; a larger --trials adds to it. Commands with one --storage share the
    work. Exit codes: 0 all done, 1 some trial or cell failed, 2 wrong usage, 130 interrupted.
    """
    from bench.api.search import plan_searches
    from bench.api.search import search as search_settings
    from bench.api.search_outlook import search_outlooks

    run_options, command, quiet = execution.execution(), command_line(), execution.as_json
    options = trial.options(request, sampler=sampler, pruner=pruner, flags=_flags(request))
    if dry_run:
        _, dataset, searches = plan_searches(request.request(), options, run_options)
        show_searches(search_outlooks(searches, dataset, options.trials, run_options), quiet, {}, retrain)
        return
    searched = search_settings(request.request(), options, run_options, command, quiet)
    if searched.file and not quiet:
        _show(searched.sessions, searched.file)
    sweep = searched.retrained(run_options, command, quiet) if searched.file and retrain else None
    if quiet:
        record = {
            "searches": [_session_record(session) for session in searched.sessions],
            "file": str(searched.file or "") or None,
        }
        typer.echo(json.dumps({**record, "retrained": sweep.results.to_json() if sweep else None}))
    elif not searched.file:
        typer.secho(f"no trial completed; see {run_options.results / 'searches'}", fg="red", err=True)
    elif sweep:
        typer.echo("on all training images, scored on the test split:")
        conclude(dataclasses.replace(sweep, failed=0), as_json=False)
    if searched.failed or not searched.file or (sweep and sweep.failed):
        raise typer.Exit(1)


def _flags(request: SearchFlags) -> dict[str, str | bool]:
    """The flags that a `bench run` on the same data needs besides the best settings."""
    defaults = RequestFlags()
    flags: dict[str, str | bool] = {"ratios": request.ratios, "seeds": request.seeds}
    for name in ("dataset", "root", "protocol", "backbone", "recipe", "views", "live", "augment"):
        value = getattr(request, name)
        if value != getattr(defaults, name):
            flags[name] = value if isinstance(value, bool) else str(value)
    return flags


def _show(sessions: Sequence[Any], path: Path) -> None:
    """A line for each method, its best settings, and what to do with them."""
    from collections import Counter

    from rich.table import Table

    from bench.studies.search.outcome import best

    table = Table(box=None, pad_edge=False)
    for column in ("method", "held-out mAP", "as it was", "trial", "trials", "best settings"):
        table.add_column(column, overflow="fold")
    for session in sessions:
        trials = session.archive.trials
        counts = Counter(trial.state for trial in trials)
        states = ", ".join(f"{number} {state}" for state, number in counts.items())
        first = next(
            (trial for trial in trials if trial.number == 0 and trial.origin and trial.value is not None), None
        )
        before = f"{first.value:.2f}" if first else ""
        winner = best(trials)
        if winner is None:
            table.add_row(session.request.method, "none", before, "", states, "")
            continue
        settings = ", ".join(f"{option}={value}" for option, value in winner.settings.items())
        table.add_row(session.request.method, f"{winner.value:.2f}", before, str(winner.number), states, settings)
    console = plain_console(highlight=False)
    console.print(table)
    for session in sessions:
        console.print(f"plots    {session.archive.folder / 'plots'}", soft_wrap=True)
    console.print(f"settings {path}", soft_wrap=True)
    console.print(f"use them bench run {shlex.quote(str(path))}", soft_wrap=True)


def _session_record(session: Any) -> dict[str, Any]:
    from bench.studies.search.outcome import best

    record, trials = session.archive.record, session.archive.trials
    winner = best(trials)
    fields = {
        name: record[name] for name in ("id", "method", "holdout", "judged", "sampler", "pruner", "seed", "space")
    }
    return {
        **fields,
        "best": dataclasses.asdict(winner) if winner else None,
        "trials": [dataclasses.asdict(trial) for trial in trials],
    }
