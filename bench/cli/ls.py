"""`bench ls`: the entries of each axis, and the details of one entry."""

import dataclasses
import enum
import json
import pkgutil
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from bench.cli.options import Debug, Json
from bench.cli.plugin_flag import Plugins
from bench.planning.axes import AXES, Axis
from bench.system.console import plain_console

Name = enum.StrEnum("Name", {name: name for name in AXES})  # type: ignore[misc]


def ls(
    axis: Annotated[Name, typer.Argument()],
    name: Annotated[str | None, typer.Argument(help="One entry, with all its options and recipes.")] = None,
    as_json: Json = False,
    markdown: Annotated[
        Path | None, typer.Option("--markdown", help="A folder for all methods as pages of documentation.")
    ] = None,
    plugin: Plugins = None,
    debug: Debug = False,
) -> None:
    """List the entries of one axis, or show the details of one entry."""
    chosen = AXES[axis.value]
    if markdown is not None:
        _write_pages(chosen, name, as_json, markdown)
    elif name is not None:
        _show_entry(chosen, chosen.name(name), as_json)
    else:
        _show_all(axis.value, chosen, as_json)


def _show_all(name: str, axis: Axis, as_json: bool) -> None:
    from bench.planning.remembered import remembered

    def rows_now() -> tuple[list[dict[str, Any]], bool]:
        rows = [axis.row(entry) for entry in axis.entries.names()]
        return rows, not _show_broken(name, axis)

    rows = remembered(name, rows_now)
    if as_json:
        typer.echo(json.dumps(rows, indent=1))
        return
    from rich.table import Table

    table = Table(box=None, pad_edge=False, show_header=not axis.lines)
    if axis.lines:
        table.add_column(style="bold", no_wrap=True)
        table.add_column()
        for row in rows:
            table.add_row(row["name"], _dimmed(pkgutil.resolve_name(axis.lines)(row)))
    else:
        for column in rows[0]:
            table.add_column(column, overflow="fold", no_wrap=column == "name")
        for row in rows:
            table.add_row(*map(_text, row.values()))
    plain_console().print(table)


def _dimmed(lines: list[str]) -> Any:
    from rich.text import Text

    return Text("\n").join([Text(lines[0]), *(Text(line, "dim") for line in lines[1:])])


def _show_broken(name: str, axis: Axis) -> bool:
    """Whether anything of the axis could not be imported."""
    from bench.settings import plugins

    sentences = [f"{name} in {module} could not be imported: {e}" for module, e in axis.entries.broken().items()]
    sentences += [f"the plugin {plugin} could not be loaded: {e}" for plugin, e in plugins.broken().items()]
    for sentence in sentences:
        typer.secho(sentence, fg="red", err=True)
    return bool(sentences)


def _write_pages(axis: Axis, name: str | None, as_json: bool, folder: Path) -> None:
    from bench.errors import UsageError
    from bench.system.files import write_text

    if not axis.pages or name is not None or as_json:
        raise UsageError("--markdown writes pages of all methods; give just `bench ls methods --markdown FOLDER`.")
    for file, text in pkgutil.resolve_name(axis.pages)().items():
        write_text(folder / file, text)


def _show_entry(axis: Axis, name: str, as_json: bool) -> None:
    """Show the details: options with defaults, help and search ranges, and the recipes of a method."""
    options = _options(axis.entries.get(name))
    about = {**axis.row(name), **axis.more(name), "options": options}
    if as_json:
        typer.echo(json.dumps({**about, "options": [_plain(option) for option in options]}, indent=1))
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
    facts.add_row("from", about["from"])
    console.print(facts)
    console.print()
    table = Table(box=None, pad_edge=False)
    for column in ("option", "default", "help"):
        table.add_column(column)
    for option in options:
        range_ = f" (searched: {option['search']})" if "search" in option else ""
        table.add_row(option["option"], str(option["default"]), Text.assemble(option["help"], (range_, "cyan")))
    console.print(table)
    for recipe, settings in about.get("recipes", {}).items():
        console.print(Text.assemble((f"recipe {recipe}", "bold"), f"  {_text(settings)}"))


def _options(entry: Any) -> list[dict[str, Any]]:
    """Each setting with its default, its help and the range that a search tries, where it has one."""
    from bench.studies.search.space import declared_ranges

    config_class = getattr(entry, "Config", None) or entry.Options
    defaults = config_class()
    ranges = declared_ranges(config_class, trained=getattr(defaults, "epochs", 0) > 0)
    return [
        {
            "option": f.name,
            "default": getattr(defaults, f.name),
            "help": f.metadata.get("help", ""),
            **({"search": ranges[f.name]} if f.name in ranges else {}),
        }
        for f in dataclasses.fields(config_class)
    ]


def _plain(option: Mapping[str, Any]) -> dict[str, Any]:
    return {**option, "search": option["search"].to_json()} if "search" in option else dict(option)


def _text(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name}={default}" for name, default in value.items())
    return ", ".join(value) if isinstance(value, list) else str(value)
