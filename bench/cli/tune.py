"""`bench tune`: settings of all methods, chosen with equal effort."""

import dataclasses
import json
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bench.cli.options import ExecutionFlags, Methods, Seeds
from bench.cli.output import command_line, warn
from bench.cli.search import SearchFlags, TrialFlags
from bench.cli.search_plan import DryRun, show_searches

if TYPE_CHECKING:
    from bench.api.tune import TunedSweep


@dataclasses.dataclass(frozen=True, kw_only=True)
class TuneFlags(SearchFlags):
    """Flags of a tuning: a trial is one proposal at all ratios and seeds."""

    methods: Methods = "all"
    seeds: Seeds = "0-2"


@dataclasses.dataclass(frozen=True, kw_only=True)
class TuneTrialFlags(TrialFlags):
    """The same flags; what two of them do is said as it is for a tuning."""

    trials: Annotated[
        int, typer.Option(help="Trials of each method; the first is its settings as they are.", min=1, max=100_000)
    ] = 20
    out: Annotated[
        Path | None, typer.Option(help="Where to write the recipe file (.toml); by default in the report's folder.")
    ] = None


def tune(
    request: TuneFlags,
    execution: ExecutionFlags,
    trial: TuneTrialFlags,
    retrain: Annotated[
        bool,
        typer.Option(
            help="Then train the original and the chosen settings on all training images, and score both on "
            "the test split."
        ),
    ] = True,
    dry_run: DryRun = False,
) -> None:
    """Choose the settings of every trained method by one budget of random trials on held-out training images.

    It ends with a recipe file for `bench run --recipe FILE`, and with the results of smaller budgets. The same command
    resumes an interrupted tuning. Exit codes: 0 all done, 1 some trial or cell failed, 2 wrong usage, 130 interrupted.
    """
    from bench.api.search_outlook import search_outlooks
    from bench.api.tune import plan_tuning
    from bench.api.tune import tune as tune_settings

    options = trial.options(request)
    if dry_run:
        planned = plan_tuning(request.request(), options, execution.execution())
        outlooks = search_outlooks(planned.searches, planned.dataset, options.trials, execution.execution())
        show_searches(outlooks, execution.as_json, planned.left_out, retrain)
        return
    result = tune_settings(
        request.request(), options, execution.execution(), command_line(), retrain=retrain, quiet=execution.as_json
    )
    if result.sweep:
        warn(result.sweep)
    if execution.as_json:
        typer.echo(json.dumps(_record(result)))
    else:
        _show(result)
    if result.failed:
        raise typer.Exit(1)


def _show(result: "TunedSweep") -> None:
    """The table, what was left out, and what to do with the file."""
    from bench.report.render.terminal import Fitting
    from bench.studies.tune.page import budget_table
    from bench.system.console import plain_console

    console = plain_console(highlight=False)
    console.print(Fitting(budget_table(result.tuned)))
    for method, reason in result.tuned.left_out.items():
        console.print(f"left out {method}: {reason}", soft_wrap=True)
    console.print(f"report   {result.page}", soft_wrap=True)
    console.print(f"settings {result.file}", soft_wrap=True)
    console.print(f"use them bench run --recipe {shlex.quote(str(result.file))}", soft_wrap=True)


def _record(result: "TunedSweep") -> dict[str, Any]:
    tuned = result.tuned
    return {
        "file": str(result.file),
        "report": str(result.page),
        "tuned": dict(tuned.how),
        "left_out": dict(tuned.left_out),
        "methods": [
            {
                "method": one.method,
                "search": one.search,
                "settings": dict(one.after),
                "heldout_mAP": one.chosen.value if one.chosen else None,
                "trials": [dataclasses.asdict(trial) for trial in one.trials],
                "expected_best": [one.at(k + 1) for k in range(len(one.trials))],
                "test": list(tuned.tests.get(one.method, (None, None))),
            }
            for one in tuned.tunings
        ],
        "retrained": result.sweep.results.to_json() if result.sweep else None,
    }
