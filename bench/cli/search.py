"""`bench search`: settings of a method, chosen on held-out training images."""

import dataclasses
import json
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from bench.cli.console import plain_console
from bench.cli.options import How, Methods, Ratios, What
from bench.planning.ratios import LARGEST_SEED
from bench.system.paths import default_cache


@dataclasses.dataclass(frozen=True, kw_only=True)
class WhatToSearch(What):
    """What is searched: a trial is one proposal at all ratios and seeds."""

    methods: Methods = "trm_ml"
    ratios: Ratios = "0.1,0.5"
    holdout: Annotated[
        int, typer.Option(help="Percent of training images kept out to judge trials by.", min=0, max=90)
    ] = 20


def search(
    what: WhatToSearch,
    how: How,
    trials: Annotated[
        int, typer.Option(help="Trials of each method in all, those of earlier commands included.", min=1, max=100_000)
    ] = 20,
    holdout_labels: Annotated[
        Literal["observed", "full"],
        typer.Option(
            help="Judge held-out images by the labels that the protocol leaves known there, as one would have to "
            "in the field, or by all of them."
        ),
    ] = "observed",
    space: Annotated[
        Path | None,
        typer.Option(
            help="YAML: METHOD: {OPTION: {low, high, log} or [choices] or null}; see `bench ls methods NAME`."
        ),
    ] = None,
    sampler: Annotated[str, typer.Option(help="tpe, random, cmaes or gp.")] = "tpe",
    pruner: Annotated[
        str, typer.Option(help="none, median or hyperband: by the first ratio's held-out mAP, epoch against epoch.")
    ] = "none",
    search_seed: Annotated[int, typer.Option(help="Seed of the proposals.", min=0, max=LARGEST_SEED)] = 0,
    storage: Annotated[
        str | None, typer.Option(help="An Optuna storage URL, to share a search; by default a file in the store.")
    ] = None,
    retries: Annotated[
        int, typer.Option(help="How often a trial whose cell fails is tried again.", min=0, max=1000)
    ] = 1,
    retrain: Annotated[
        bool,
        typer.Option(help="Then train the best settings on all training images, and score them on the test split."),
    ] = True,
    out: Annotated[
        Path | None, typer.Option(help="Where to write the best settings; by default under the store's searches/best.")
    ] = None,
) -> None:
    """Search the settings of each method on held-out training images; the test split is out of reach until the end.

    The same command goes on where it was cut off; more --trials add to what is done. Drivers with one --storage share
    the work. Exit codes: 0 all done, 1 some trial or cell failed, 2 wrong usage, 130 interrupted.
    """
    from bench.cli.execute import conclude, execute, planned, sweep_of
    from bench.planning.request import Request
    from bench.studies.search.archive import FOLDER
    from bench.studies.search.best import file_name, full_settings, retrained, sweep_file
    from bench.studies.search.outcome import best
    from bench.studies.search.request import ask_for
    from bench.studies.search.samplers import check_names
    from bench.studies.search.space import read_spaces
    from bench.studies.search.storage import refuse_memory
    from bench.system.files import write_text

    check_names(sampler, pruner)
    how.refuse_wrong_use()
    if storage is not None:
        refuse_memory(storage)
    sweep: Request = sweep_of(what)
    spaces = read_spaces(space, tuple(variant.method for variant in sweep.variants)) if space else None
    asked = ask_for(sweep, judged=holdout_labels, spaces=spaces, sampler=sampler, pruner=pruner, seed=search_seed)
    command = ["bench", *sys.argv[1:]]
    sessions = _run(asked, what, how, trials, retries, storage, command)
    winners = {s.asked.method: (s, winner) for s in sessions if (winner := best(s.archive.trials))}
    failed = [s.asked.method for s in sessions if any(t.state == "failed" for t in s.archive.trials)]
    path, done = None, None
    if winners:
        settings = {method: full_settings(s.asked, winner) for method, (s, winner) in winners.items()}
        path = out or how.results / FOLDER / "best" / file_name([s.archive.name for s, _ in winners.values()])
        heading = [
            f"Found by: {shlex.join(command)}",
            f"on {what.holdout} % of the training images, held out and judged by their {holdout_labels} labels:",
            *(
                f"{m}: held-out mAP {w.value:.2f} (trial {w.number} of {s.archive.name})"
                for m, (s, w) in winners.items()
            ),
        ]
        write_text(path, sweep_file(_flags(what), sweep, settings, heading))
        if not how.as_json:
            _show(sessions, path, how)
        if retrain:
            done = execute(planned(retrained(sweep, settings), how), how)
    if how.as_json:
        told = {"searches": [_told(s) for s in sessions], "file": str(path) if path else None}
        typer.echo(json.dumps({**told, "retrained": done.results.to_json() if done else None}))
    elif not winners:
        typer.secho(f"no trial came to its end; see {how.results / FOLDER}", fg="red", err=True)
    elif done:
        typer.echo("on all training images, scored on the test split:")
        conclude(dataclasses.replace(done, failed=0), how)
    if failed or not winners or (done and done.failed):
        raise typer.Exit(1)


def _run(
    asked: Sequence[Any], what: What, how: How, total: int, retries: int, storage: str | None, command: Sequence[str]
) -> list[Any]:
    """All searches, one after the other, on one executor; sessions with their trials done."""
    from bench.cli.trials import trials_display
    from bench.data.blind import blind
    from bench.planning.plan import open_dataset
    from bench.records.store import Store
    from bench.studies.search.archive import cells_of
    from bench.studies.search.figures import figures, write_figures
    from bench.studies.search.session import open_search
    from bench.tracking import following
    from bench.training.resources import Resources, choose_device

    device, cache, results = choose_device(how.device), how.cache or default_cache(), Store(how.results)
    dataset, cells = blind(open_dataset(asked[0].sweep, cache)), cells_of(results)
    sessions = [open_search(one, dataset, how.results, total=total, storage=storage, command=command) for one in asked]
    with (
        trials_display(quiet=how.as_json) as display,
        following(results, how.tracking_uri, how.mlflow) as follower,
    ):
        resources = Resources(dataset, device, cache, progress=display.encoding)
        left = sum(session.trials.places(total) for session in sessions)
        if left and how.encodes_here:
            resources.prepare(asked[0].cells(dataset, {})[0])
        with how.open_executor(resources, cells, pending=left) as executor:
            for session in sessions:
                if session.archive.record["changed_code"]:
                    display.say(
                        f"warning: {session.archive.name} goes on with trials of an older version of the method."
                    )
                before, plots = session.archive.trials, session.archive.folder / "plots"
                display.search_started(session.asked.method, total, before)
                trials = session.run(executor, cells, display, total, retries)
                if trials != before or not plots.exists():
                    write_figures(figures(trials, session.asked.space, _title(session)), plots)
        problem = follower.finish(lambda text: typer.echo(text, err=True))
    if problem:
        typer.secho(f"warning: {problem}", fg="yellow", err=True)
    return sessions


def _title(session: Any) -> str:
    sweep = session.asked.sweep
    ratios = ", ".join(map(str, sweep.percents))
    return f"{session.asked.method}: {sweep.dataset}, {sweep.protocol}, {ratios} % known"


def _flags(what: WhatToSearch) -> dict[str, str | bool]:
    """What else a `bench run` of the same data has to be told."""
    defaults = What()
    flags: dict[str, str | bool] = {"ratios": what.ratios, "seeds": what.seeds}
    for name in ("dataset", "root", "protocol", "backbone", "recipe", "views", "live", "augment"):
        value = getattr(what, name)
        if value != getattr(defaults, name):
            flags[name] = value if isinstance(value, bool) else str(value)
    return flags


def _show(sessions: Sequence[Any], path: Path, how: How) -> None:
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
        told = ", ".join(f"{number} {state}" for state, number in counts.items())
        first = next(
            (trial for trial in trials if trial.number == 0 and trial.origin and trial.value is not None), None
        )
        before = f"{first.value:.2f}" if first else ""
        winner = best(trials)
        if winner is None:
            table.add_row(session.asked.method, "none", before, "", told, "")
            continue
        settings = ", ".join(f"{option}={value}" for option, value in winner.settings.items())
        table.add_row(session.asked.method, f"{winner.value:.2f}", before, str(winner.number), told, settings)
    console = plain_console(highlight=False)
    console.print(table)
    for session in sessions:
        console.print(f"plots    {session.archive.folder / 'plots'}", soft_wrap=True)
    console.print(f"settings {path}", soft_wrap=True)
    console.print(f"use them bench run {shlex.quote(str(path))}", soft_wrap=True)


def _told(session: Any) -> dict[str, Any]:
    from bench.studies.search.outcome import best

    record, trials = session.archive.record, session.archive.trials
    winner = best(trials)
    told = {name: record[name] for name in ("id", "method", "holdout", "judged", "sampler", "pruner", "seed", "space")}
    return {
        **told,
        "best": dataclasses.asdict(winner) if winner else None,
        "trials": [dataclasses.asdict(trial) for trial in trials],
    }
