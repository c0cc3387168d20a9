"""`bench test`: checks of the properties that every method, protocol, dataset or backbone must have."""

import json
from typing import Annotated, Any

import typer

from bench.cli.options import Debug, Json
from bench.cli.plugin_flag import Plugins
from bench.system.console import plain_console


def check(
    tested: Annotated[
        str,
        typer.Argument(
            metavar="FILE.py|NAME", help="A plugin, to test all that it adds; or a name that `bench ls` lists."
        ),
    ],
    plugin: Plugins = None,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Check the required properties of a method (or a protocol, dataset, backbone), and explain each failure.

    Among them: no hidden label reaches it, equal seeds give equal bits, an interrupted run resumes to the same bits,
    each image is scored by itself. It runs on toy data, in seconds. Exit codes: 0 all hold, 1 some do not.
    """
    from bench.conformance.axes import entries_of, properties_of
    from bench.conformance.properties import check_properties

    checked = [(kind, entry, list(check_properties(entry, properties_of(kind)))) for kind, entry in entries_of(tested)]
    if as_json:
        records = [
            {"kind": kind, "name": entry.name, "results": [{**result.__dict__, "ok": result.ok} for result in results]}
            for kind, entry, results in checked
        ]
        typer.echo(json.dumps(records, indent=1))
    else:
        for kind, entry, results in checked:
            _show(kind, entry, results)
    if not all(result.ok for _, _, results in checked for result in results):
        raise typer.Exit(1)


def _show(kind: str, entry: Any, results: list[Any]) -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table(title=f"{kind} {entry.name}", title_justify="left", box=None, pad_edge=False)
    for column in ("property", "ok", "why"):
        table.add_column(column, no_wrap=column == "ok", overflow="fold")
    for result in results:
        reason = Text("") if result.ok else Text(f"{result.why}. That means: {result.means}.")
        table.add_row(result.name, Text("yes", "green") if result.ok else Text("NO", "bold red"), reason)
    console = plain_console()
    console.print(table)
    failed = sum(not result.ok for result in results)
    console.print(f"{len(results) - failed} of {len(results)} properties hold\n")
