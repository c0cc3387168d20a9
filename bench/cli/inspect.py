"""`bench status`, `bench doctor`: read-only commands."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bench.cli.options import Debug, Json, ResultsFolder, SweepId
from bench.cli.plugin_flag import Plugins
from bench.system.console import plain_console
from bench.system.paths import DEFAULT_RESULTS, default_cache
from bench.system.wording import counted

if TYPE_CHECKING:
    from rich.table import Table

    from bench.records.sweeps import SweepRecord


def status(
    results: ResultsFolder = DEFAULT_RESULTS,
    sweep: SweepId = None,
    cells: Annotated[bool, typer.Option("--cells", help="One line for each cell, however many there are.")] = False,
    plugin: Plugins = None,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """List the cells that are done, running, failed, stale or still to do.

    Many cells are counted in a table; only those that failed or are running are listed.
    """
    from bench.records.store import existing_store
    from bench.report.selection import find_sweep
    from bench.report.source import installed_code

    store = existing_store(results)
    newest = find_sweep(store, sweep)
    rows = []
    for place in newest.places:
        key = place.key or ""
        state, detail = (store.state(key), "") if key else ("skipped", place.skipped)
        if state == "done":
            row = store.row(key)
            detail = f"mAP {row.mAP:.2f}"
            code = installed_code(row.cell.method.name)
            if code is None:
                detail += f"; method {row.cell.method.name} is not installed here"
            elif row.code != code:
                state, detail = "stale", f"{detail}; the method's code has changed since"
        elif state == "running":
            lease = store.lease(key) or {}
            curve = store.curve(key)
            detail = f"process {lease.get('pid')} on {lease.get('host')}, {counted(len(curve), 'epoch')} done"
        elif state == "failed":
            detail = store.reason(key)
        if state in ("running", "failed", "planned") and (job := store.job(key)):
            detail = "; ".join(filter(None, [detail, f"job {job.job}, output {job.output}"]))
        rows.append({**place.to_json(), "state": state, "detail": detail})
    if as_json:
        typer.echo(json.dumps({"sweep": newest.id, "command": newest.command, "cells": rows}, indent=1))
        return
    _show_status(newest, rows, cells)
    others = [record for record in store.sweeps() if record.id != newest.id]
    for record in others[::-1][:OTHER_SWEEPS]:
        typer.echo(f"--sweep {record.id}: {' '.join(record.command)}")
    if len(others) > OTHER_SWEEPS:
        typer.echo(f"and {len(others) - OTHER_SWEEPS} sweeps before these")


OTHER_SWEEPS = 5
"""Earlier sweeps that `bench status` names."""


def _show_status(sweep: "SweepRecord", rows: list[dict[str, Any]], every_cell: bool) -> None:
    from collections import Counter

    from bench.api.progress_table import LONG, PlaceState, progress_table

    by_cell = {row["key"] or (row["method"], row["percent"], row["seed"]): row["state"] for row in rows}
    counts = Counter(by_cell.values())
    console = plain_console()
    console.print(f"sweep {sweep.id}: {' '.join(sweep.command)}", soft_wrap=True)
    console.print(", ".join(f"{number} {state}" for state, number in counts.most_common()))
    if every_cell or len(rows) <= LONG:
        console.print(_listed(rows))
        return
    places = [PlaceState(row["method"], row["percent"], row["key"], row["state"]) for row in rows]
    console.print(progress_table("sweep", places))
    for state in ("failed", "running"):
        own = [row for row in rows if row["state"] == state]
        if own:
            console.print(_listed(own[:LONG]))
        if len(own) > LONG:
            console.print(f"and {len(own) - LONG} more {state}: bench status --cells lists all")


def _listed(rows: list[dict[str, Any]]) -> "Table":
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for column in ("method", "known", "seed", "cell", "state", "detail"):
        table.add_column(column, overflow="fold" if column == "detail" else "ellipsis")  # a path is not cut
    for row in rows:
        ratio = "" if row["percent"] is None else f"{row['percent']} %"
        table.add_row(row["method"], ratio, str(row["seed"]), row["key"] or "", row["state"], row["detail"])
    return table


def doctor(
    results: ResultsFolder = DEFAULT_RESULTS,
    cache: Annotated[Path | None, typer.Option(help="The cache to check.")] = None,
    plugin: Plugins = None,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Show versions, device and disk, and run a self-check of about 20 seconds."""
    from bench.api.doctor import diagnose

    findings = diagnose(results, cache or default_cache())
    if as_json:
        typer.echo(json.dumps([finding.__dict__ for finding in findings], indent=1))
    else:
        for finding in findings:
            mark, colour = ("ok  ", "green") if finding.fine else ("FAIL", "red")
            typer.secho(mark, fg=colour, nl=False)
            typer.echo(f" {finding.title}: {finding.detail}")
    if not all(finding.fine for finding in findings):
        raise typer.Exit(1)
