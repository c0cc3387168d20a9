"""`bench export-cells` and `bench import-cells`: finished cells from one laboratory's store to another's."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from bench.cli.cache_facts import size_text
from bench.cli.options import Debug, Json, ResultsFolder
from bench.cli.plugin_flag import Plugins
from bench.errors import UsageError
from bench.system.paths import DEFAULT_RESULTS
from bench.system.wording import counted, listed


def export_cells(
    keys_and_file: Annotated[
        list[str],
        typer.Argument(metavar="[KEY]... CELLS.tar", help="Beginnings of keys, by default all cells; then the file."),
    ],
    sweep: Annotated[str | None, typer.Option("--sweep", help="The cells of this sweep.")] = None,
    methods: Annotated[str | None, typer.Option(help="Only these methods, comma-separated.")] = None,
    ratios: Annotated[str | None, typer.Option(help="Only these shares of known labels.")] = None,
    seeds: Annotated[str | None, typer.Option(help="Only these seeds.")] = None,
    by: Annotated[str | None, typer.Option(help="Who made them.  [default: user@machine]")] = None,
    replace: Annotated[bool, typer.Option("--replace", help="Replace a file that is there.")] = False,
    results: ResultsFolder = DEFAULT_RESULTS,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Write finished cells as one file: rows, scores, curves, test labels and sweeps; no weights, no checkpoints."""
    from bench.api.cells import export_cells as write
    from bench.planning.ratios import parse_ratios, parse_seeds

    *keys, file = keys_and_file
    written = write(
        file,
        results=results,
        keys=keys,
        sweep=sweep,
        methods=None if methods is None else listed(methods),
        ratios=None if ratios is None else parse_ratios(ratios),
        seeds=None if seeds is None else parse_seeds(seeds),
        by=by,
        replace=replace,
    )
    if as_json:
        typer.echo(json.dumps({**asdict(written), "path": str(written.path)}))
        return
    content = f"{counted(len(written.keys), 'cell')} of {counted(len(written.sweeps), 'sweep')}"
    typer.echo(f"{written.path}  {size_text(written.bytes)}, {content}")
    typer.echo(f"made by {written.made_by} (--by NAME says otherwise)")
    typer.echo(f"use it   bench import-cells {written.path} --results STORE")


def import_cells(
    file: Annotated[Path, typer.Argument(metavar="CELLS.tar", help="What `bench export-cells` wrote.")],
    root: Annotated[
        Path | None, typer.Option(help="The cells' dataset or feature pack: their masks are drawn again and compared.")
    ] = None,
    results: ResultsFolder = DEFAULT_RESULTS,
    cache: Annotated[Path | None, typer.Option("--cache", help="Images and features; BENCH_CACHE sets it too.")] = None,
    plugin: Plugins = None,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Take other people's cells into a store; their scores are judged again, and nothing that is here is replaced.

    Doing it twice changes nothing. Exit codes: 0 all are here now, 2 some were refused (the good ones are here).
    """
    from bench.api.cells import import_cells as take

    result = take(file, results=results, cache=cache, root=root)
    if as_json:
        typer.echo(json.dumps(asdict(result)))
    else:
        typer.echo(f"imported {counted(len(result.imported), 'cell')} and {counted(len(result.sweeps), 'sweep')}")
        if result.known:
            typer.echo(f"skipped  {counted(len(result.known), 'cell')}, here already with the same scores")
        if result.masks:
            typer.echo(f"masks    of {counted(len(result.masks), 'cell')} were drawn again and are the same")
        for dataset, count in result.unchecked.items():
            typer.echo(
                f"masks    of {counted(count, 'cell')} were not checked: {dataset}, the method (--plugin) or a file of "
                "the protocol is not here"
            )
        for sentence in (*result.problems, *result.refused.values()):
            typer.secho(f"refused  {sentence}", fg="yellow", err=True)
    if result.refused or result.problems:
        refused = counted(len(result.refused), "cell")
        raise UsageError(f"{refused} of {file} were refused; the reasons stand above.")
