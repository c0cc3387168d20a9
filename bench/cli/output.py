"""Output at the end of a command: a sweep's table, its plan, or JSON for programs."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from bench.system.console import plain_console

if TYPE_CHECKING:
    from bench.api.plan import Plan
    from bench.api.sweep import Sweep


def command_line() -> list[str]:
    """The command as it was typed, for the store's records."""
    return ["bench", *sys.argv[1:]]


def conclude(sweep: "Sweep", as_json: bool) -> None:
    """The table, or JSON, on standard output; exit code 1 if a cell failed."""
    warn(sweep)
    if as_json:
        typer.echo(json.dumps(sweep.results.to_json()))
    else:
        show_table(sweep.results, sweep.report_file, sweep.store.root)
    if sweep.failed:
        raise typer.Exit(1)


def warn(sweep: "Sweep") -> None:
    """Print problems outside the cells, on standard error."""
    if sweep.tracking_problem:
        typer.secho(f"warning: {sweep.tracking_problem}", fg="yellow", err=True)


def show_plan(plan: "Plan", as_json: bool) -> None:
    """On standard output, as a table or as JSON."""
    from bench.api.outlook_view import renderables

    outlook = plan.outlook()
    if as_json:
        typer.echo(json.dumps(outlook.to_json(), indent=1))
        return
    console = plain_console(highlight=False)
    for part in renderables(outlook):
        console.print(part, soft_wrap=isinstance(part, str))


def show_table(results: Any, report: Path | None, root: Path) -> None:
    """The ratio x method table, then where the report is, if it was written, and how to open MLflow."""
    from bench.report import rich_tables

    console = plain_console()
    for table in rich_tables(results):
        console.print(table)
    if report is not None:
        console.print(f"report   {report}", soft_wrap=True)
        page = report.with_suffix(".html")
        if page.exists():
            console.print(f"page     {page}", soft_wrap=True)
    console.print(f"browse   bench ui --results {root}", soft_wrap=True)
