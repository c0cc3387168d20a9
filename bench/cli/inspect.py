"""`bench status`, `bench ls`, `bench doctor`: looking without changing anything."""

import enum
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from bench.cli.options import DEFAULT_RESULTS, Debug, Json, Results, SweepId, default_cache


class Axis(enum.StrEnum):
    """What `bench ls` lists."""

    methods = "methods"
    datasets = "datasets"
    protocols = "protocols"
    backbones = "backbones"


def ls(
    axis: Annotated[Axis, typer.Argument()],
    name: Annotated[str | None, typer.Argument(help="One entry, with all its options and recipes.")] = None,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """List what there is of one axis, or everything about one entry of it."""
    registry = _registry(axis)
    if name is not None:
        _show_entry(registry.get(name), as_json)
        return
    rows = [_about(registry.get(name)) for name in registry.names()]
    if as_json:
        typer.echo(json.dumps(rows, indent=1))
        return
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for column in rows[0]:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(_text(value) for value in row.values()))
    Console(markup=False).print(table)
    for module, error in registry.broken().items():
        typer.secho(f"{axis} in {module} could not be imported: {error}", fg="red", err=True)


def _registry(axis: Axis) -> Any:
    if axis is Axis.methods:
        from methods import METHODS

        return METHODS
    if axis is Axis.datasets:
        from bench.data import DATASETS

        return DATASETS
    if axis is Axis.protocols:
        from protocols import PROTOCOLS

        return PROTOCOLS
    from bench.backbones import BACKBONES

    return BACKBONES


def _about(entry: Any) -> dict[str, Any]:
    from bench.config import values
    from bench.registry import describe

    about: dict[str, Any] = {"name": entry.name, "what": describe(entry)}
    if hasattr(entry, "reference"):
        return {**about, "labels": entry.labels, "flags": list(entry.flags), "reference": entry.reference}
    return {**about, "options": values(entry.Options())}


def _show_entry(entry: Any, as_json: bool) -> None:
    """All options with defaults and help, and the recipes of a method."""
    import dataclasses

    config_class = getattr(entry, "Config", None) or entry.Options
    defaults = config_class()
    options = [
        {"option": f.name, "default": getattr(defaults, f.name), "help": f.metadata.get("help", "")}
        for f in dataclasses.fields(config_class)
    ]
    about = {**_about(entry), "options": options}
    if hasattr(entry, "recipes"):
        from bench.recipes import all_recipes

        about |= {"note": entry.note, "recipes": all_recipes(entry)}
    if as_json:
        typer.echo(json.dumps(about, indent=1))
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(markup=False)
    for field in ("name", "what", "reference", "note"):
        if about.get(field):
            console.print(Text.assemble((field, "bold"), f"  {about[field]}"))
    table = Table(box=None, pad_edge=False)
    for column in ("option", "default", "help"):
        table.add_column(column)
    for option in options:
        table.add_row(option["option"], str(option["default"]), option["help"])
    console.print(table)
    for recipe, settings in about.get("recipes", {}).items():
        console.print(Text.assemble((f"recipe {recipe}", "bold"), f"  {_text(settings)}"))


def _text(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name}={default}" for name, default in value.items())
    return ", ".join(value) if isinstance(value, list) else str(value)


def status(
    results: Results = DEFAULT_RESULTS, sweep: SweepId = None, as_json: Json = False, debug: Debug = False
) -> None:
    """What is done, running, failed, stale or still to do."""
    from bench.environment import source_hash
    from bench.report.selection import find_sweep
    from bench.store import Store
    from methods import METHODS

    store = Store(results)
    newest = find_sweep(store, sweep)
    rows = []
    for entry in newest["entries"]:
        state, detail = ("skipped", entry["skipped"]) if entry["key"] is None else (store.state(entry["key"]), "")
        if state == "done":
            row = store.row(entry["key"])
            detail = f"mAP {row.mAP:.2f}"
            if row.code != source_hash(METHODS.get(entry["method"])):
                state, detail = "stale", f"{detail}; the method's code has changed since"
        elif state == "running":
            lease = store.lease(entry["key"]) or {}
            curve = store.curve(entry["key"])
            detail = f"process {lease.get('pid')} on {lease.get('host')}, {len(curve)} epochs done"
        elif state == "failed":
            detail = store.reason(entry["key"])
        rows.append({**entry, "state": state, "detail": detail})
    if as_json:
        typer.echo(json.dumps({"sweep": newest["id"], "command": newest["command"], "cells": rows}, indent=1))
        return
    _show_status(newest, rows)


def _show_status(sweep: Mapping[str, Any], rows: list[dict[str, Any]]) -> None:
    from collections import Counter

    from rich.console import Console
    from rich.table import Table

    counts = Counter(row["state"] for row in rows)
    console = Console(markup=False)
    console.print(f"sweep {sweep['id']}: {' '.join(sweep['command'])}", soft_wrap=True)
    console.print(", ".join(f"{number} {state}" for state, number in counts.most_common()))
    table = Table(box=None, pad_edge=False)
    for column in ("method", "known", "seed", "cell", "state", "detail"):
        table.add_column(column)
    for row in rows:
        ratio = "" if row["percent"] is None else f"{row['percent']} %"
        table.add_row(row["method"], ratio, str(row["seed"]), row["key"] or "", row["state"], row["detail"])
    console.print(table)


def doctor(
    results: Results = DEFAULT_RESULTS,
    cache: Annotated[Path | None, typer.Option(help="The cache to look at.")] = None,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Versions, device, disk, and a self-check of about 20 seconds."""
    from bench.doctor import examine

    findings = examine(results, cache or default_cache())
    if as_json:
        typer.echo(json.dumps([finding.__dict__ for finding in findings], indent=1))
    else:
        for finding in findings:
            mark, colour = ("ok  ", "green") if finding.fine else ("FAIL", "red")
            typer.secho(mark, fg=colour, nl=False)
            typer.echo(f" {finding.what}: {finding.detail}")
    if not all(finding.fine for finding in findings):
        raise typer.Exit(1)
