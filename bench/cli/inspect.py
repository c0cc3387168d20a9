"""`bench status`, `bench ls`, `bench doctor`: looking without changing anything."""

import enum
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bench.cli.console import plain_console
from bench.cli.options import Debug, Json, Results, SweepId
from bench.system.paths import DEFAULT_RESULTS, default_cache
from bench.system.wording import counted

if TYPE_CHECKING:
    from bench.records.sweeps import SweepRecord


class Axis(enum.StrEnum):
    """What `bench ls` lists."""

    methods = "methods"
    datasets = "datasets"
    protocols = "protocols"
    backbones = "backbones"
    feeds = "feeds"
    augmentations = "augmentations"


def ls(
    axis: Annotated[Axis, typer.Argument()],
    name: Annotated[str | None, typer.Argument(help="One entry, with all its options and recipes.")] = None,
    as_json: Json = False,
    markdown: Annotated[bool, typer.Option("--markdown", help="All methods as a page of documentation.")] = False,
    debug: Debug = False,
) -> None:
    """List what there is of one axis, or everything about one entry of it."""
    registry = _registry(axis)
    if markdown:
        _show_page(axis, name, as_json)
        return
    if name is not None:
        _show_entry(registry.get(name), as_json)
        return
    rows = [_about(registry.get(name)) for name in registry.names()]
    if as_json:
        typer.echo(json.dumps(rows, indent=1))
        return
    from rich.table import Table

    table = Table(box=None, pad_edge=False, show_header=axis is not Axis.methods)
    if axis is Axis.methods:
        table.add_column(style="bold", no_wrap=True)
        table.add_column()
        for row in rows:
            table.add_row(row["name"], _method_lines(row))
    else:
        for column in rows[0]:
            table.add_column(column, overflow="fold", no_wrap=column == "name")
        for row in rows:
            table.add_row(*(_text(value) for value in row.values()))
    plain_console().print(table)
    for module, error in registry.broken().items():
        typer.secho(f"{axis} in {module} could not be imported: {error}", fg="red", err=True)


def _method_lines(row: Mapping[str, Any]) -> Any:
    """What a method is, then in dim lines its source, needs and protocols, and where its defaults come from."""
    from rich.text import Text

    from bench.planning.catalogue import short_reference

    protocols = "those with known negatives" if "negatives" in row["needs"] else "all"
    facts = [short_reference(row["reference"]), f"needs {_text(row['needs']) or 'nothing'}", f"protocols: {protocols}"]
    return Text("\n").join(
        [Text(row["what"]), Text("; ".join(facts), "dim"), Text(f"defaults: {row['defaults_from']}", "dim")]
    )


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
    if axis is Axis.feeds:
        from bench.features.feeds import FEEDS

        return FEEDS
    if axis is Axis.augmentations:
        from bench.features.augmentation import AUGMENTATIONS

        return AUGMENTATIONS
    from bench.backbones import BACKBONES

    return BACKBONES


def _show_page(axis: Axis, name: str | None, as_json: bool) -> None:
    from bench.errors import UsageError

    if axis is not Axis.methods or name is not None or as_json:
        raise UsageError("--markdown writes the page of all methods; give just `bench ls methods --markdown`.")
    from bench.planning.catalogue import methods_page

    typer.echo(methods_page(), nl=False)


def _about(entry: Any) -> dict[str, Any]:
    from bench.settings.config import values
    from bench.settings.registry import describe

    about: dict[str, Any] = {"name": entry.name, "what": describe(entry)}
    if hasattr(entry, "labels"):
        from bench.planning.catalogue import about as about_method

        return about_method(entry)
    return {**about, "options": values(entry.Options())}


def _show_entry(entry: Any, as_json: bool) -> None:
    """All options with defaults and help, and the recipes of a method."""
    import dataclasses

    from bench.studies.search.space import declared_ranges

    config_class = getattr(entry, "Config", None) or entry.Options
    defaults = config_class()
    ranges = declared_ranges(config_class, trained=getattr(defaults, "epochs", 0) > 0)
    options = [
        {
            "option": f.name,
            "default": getattr(defaults, f.name),
            "help": f.metadata.get("help", ""),
            **({"search": ranges[f.name].to_json()} if f.name in ranges else {}),
        }
        for f in dataclasses.fields(config_class)
    ]
    about = {"reference": getattr(entry, "reference", ""), **_about(entry), "options": options}
    if hasattr(entry, "recipes"):
        from bench.planning.catalogue import details

        about |= details(entry)
    if as_json:
        typer.echo(json.dumps(about, indent=1))
        return
    from rich.table import Table
    from rich.text import Text

    console = plain_console()
    facts = Table(box=None, pad_edge=False, show_header=False)
    facts.add_column(style="bold", no_wrap=True)
    facts.add_column()
    for field in ("name", "what", "reference", "equation", "needs", "labels", "protocols", "defaults_from", "note"):
        if about.get(field):
            facts.add_row(field.replace("_", " "), _text(about[field]))
    console.print(facts)
    console.print()
    table = Table(box=None, pad_edge=False)
    for column in ("option", "default", "help"):
        table.add_column(column)
    for option in options:
        range_ = f" (searched: {ranges[option['option']]})" if option["option"] in ranges else ""
        table.add_row(option["option"], str(option["default"]), Text.assemble(option["help"], (range_, "cyan")))
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
    from bench.records.store import Store
    from bench.report.selection import find_sweep
    from bench.system.environment import source_hash
    from methods import METHODS

    store = Store(results)
    newest = find_sweep(store, sweep)
    rows = []
    for place in newest.places:
        key = place.key or ""
        state, detail = (store.state(key), "") if key else ("skipped", place.skipped)
        if state == "done":
            row = store.row(key)
            detail = f"mAP {row.mAP:.2f}"
            if row.cell.method.name not in METHODS.names():
                detail += f"; method {row.cell.method.name} is not installed here"
            elif row.code != source_hash(METHODS.get(row.cell.method.name)):
                state, detail = "stale", f"{detail}; the method's code has changed since"
        elif state == "running":
            lease = store.lease(key) or {}
            curve = store.curve(key)
            detail = f"process {lease.get('pid')} on {lease.get('host')}, {counted(len(curve), 'epoch')} done"
        elif state == "failed":
            detail = store.reason(key)
        rows.append({**place.to_json(), "state": state, "detail": detail})
    if as_json:
        typer.echo(json.dumps({"sweep": newest.id, "command": newest.command, "cells": rows}, indent=1))
        return
    _show_status(newest, rows)


def _show_status(sweep: "SweepRecord", rows: list[dict[str, Any]]) -> None:
    from collections import Counter

    from rich.table import Table

    counts = Counter(row["state"] for row in rows)
    console = plain_console()
    console.print(f"sweep {sweep.id}: {' '.join(sweep.command)}", soft_wrap=True)
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
    from bench.api.doctor import examine

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
