"""What the commands that study one method have in common."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import typer

from bench.cli.console import plain_console
from bench.cli.execute import Done
from bench.cli.options import How
from bench.errors import UsageError
from bench.planning.request import Request, Variant
from bench.planning.settings import variant_settings
from bench.report.tables.table import Table
from methods import METHODS, Method


def one_method(sweep: Request) -> type[Method]:
    """The method that is studied."""
    if len(sweep.methods) != 1 or not isinstance(sweep.methods[0], str):
        given = ", ".join(variant.name for variant in sweep.variants)
        raise UsageError(f"--method takes one method, and {given} were given; study them one after another.")
    return METHODS.get(sweep.methods[0])


def settings_of(method: type[Method], sweep: Request) -> dict[str, Any]:
    """What the method runs with in this sweep: its recipe's settings, and the user's on top."""
    return variant_settings(sweep, Variant(method.name))


def say_notes(notes: Sequence[str], how: How) -> None:
    for note in notes:
        if not how.as_json:
            typer.secho(f"note: {note}", fg="yellow", err=True)


def conclude_study(done: Done, how: How, tables: Sequence[Table], told: Mapping[str, Any]) -> None:
    """The tables and where the study's page is, or JSON, on standard output; exit code 1 if a cell failed."""
    path = done.page or done.report
    if how.as_json:
        typer.echo(json.dumps({**done.results.to_json(), **told, "report": str(path)}))
    else:
        from bench.report.render.terminal import Fitting

        console = plain_console()
        for table in tables:
            console.print(Fitting(table))
            console.print()
        console.print(f"report   {path}", soft_wrap=True)
        console.print(f"browse   bench ui --results {how.results}", soft_wrap=True)
    if done.failed:
        raise typer.Exit(1)
