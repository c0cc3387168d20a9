"""Common parts of the commands of studies: ablations, sensitivity and variance."""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import typer

from bench.api.plan import make_plan
from bench.api.run import execute
from bench.api.sweep import Sweep
from bench.cli.options import ExecutionFlags
from bench.cli.output import command_line, show_plan, warn
from bench.errors import UsageError
from bench.planning.plan import open_dataset, resolved_request
from bench.planning.request import Request, Variant
from bench.planning.settings import variant_settings
from bench.records.store import Store
from bench.report import Results
from bench.report.render.terminal import Fitting
from bench.report.tables.table import Table
from bench.system.console import plain_console
from methods import METHODS, Method


def one_method(request: Request) -> type[Method]:
    """The method that is studied."""
    if len(request.methods) != 1 or not isinstance(request.methods[0], str):
        names = ", ".join(variant.name for variant in request.variants)
        raise UsageError(f"--method takes one method, and {names} were given; study them one after another.")
    return METHODS.get(request.methods[0])


def settings_of(method: type[Method], request: Request, execution: ExecutionFlags) -> dict[str, Any]:
    """What the method runs with for this request: its recipe's settings, and the user's on top.

    The data are opened for it, since the protocol that `auto` stands for there decides between recipes.
    """
    dataset = open_dataset(request, execution.execution().cache)
    return variant_settings(resolved_request(request, dataset), Variant(method.name))


def say_notes(notes: Sequence[str], as_json: bool) -> None:
    for note in notes:
        if not as_json:
            typer.secho(f"note: {note}", fg="yellow", err=True)


def train_study(
    request: Request, execution: ExecutionFlags, dry_run: bool, write: Callable[[Results, Store], Path]
) -> Sweep:
    """The study's cells, trained, and its page by `write`; with `dry_run` the plan is shown and the command ends."""
    plan = make_plan(request, execution.execution())
    if dry_run:
        show_plan(plan, execution.as_json)
        raise typer.Exit
    return execute(plan, command_line(), quiet=execution.as_json, study=write)


def conclude_study(sweep: Sweep, as_json: bool, tables: Sequence[Table], records: Mapping[str, Any]) -> None:
    """The tables and where the study's page is, or JSON, on standard output; exit code 1 if a cell failed."""
    warn(sweep)
    path = sweep.study_page or sweep.report_file
    if as_json:
        typer.echo(json.dumps({**sweep.results.to_json(), **records, "report": str(path)}))
    else:
        console = plain_console()
        for table in tables:
            console.print(Fitting(table))
            console.print()
        console.print(f"report   {path}", soft_wrap=True)
        console.print(f"browse   bench ui --results {sweep.store.root}", soft_wrap=True)
    if sweep.failed:
        raise typer.Exit(1)
