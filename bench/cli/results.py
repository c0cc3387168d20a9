"""`bench report`, `bench ui`, `bench sync`: the store's projections."""

import json
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bench.cli.options import Debug, Json, ResultsFolder, SweepId, TrackingUri
from bench.cli.plugin_flag import Plugins
from bench.system.console import plain_console
from bench.system.paths import DEFAULT_RESULTS
from bench.system.wording import listed

if TYPE_CHECKING:
    from bench.report import Results as Loaded


def report(
    results: Annotated[
        list[Path],
        typer.Option("--results", help="A store; given several times, all in one table.", envvar="BENCH_RESULTS"),
    ] = [DEFAULT_RESULTS],  # noqa: B006 - typer copies it
    sweep: SweepId = None,
    merge: Annotated[
        bool, typer.Option("--merge", "--all", help="All sweeps on the same data, labels and features in one table.")
    ] = False,
    methods: Annotated[str | None, typer.Option(help="Only these methods, comma-separated.")] = None,
    ratios: Annotated[str | None, typer.Option(help="Only these shares of known labels.")] = None,
    seeds: Annotated[str | None, typer.Option(help="Only these seeds.")] = None,
    baseline: Annotated[
        str | None,
        typer.Option(help="The method that gains are measured against.  [default: dualcoop, or else the most usual]"),
    ] = None,
    metrics: Annotated[
        str | None,
        typer.Option(help="Further metrics beside mAP, comma-separated: auroc,r@5; see `bench ls metrics`."),
    ] = None,
    from_mlflow: Annotated[
        str | None,
        typer.Option(metavar="URI", help="Read an MLflow server or database instead; the report goes to --results."),
    ] = None,
    plugin: Plugins = None,
    out: Annotated[
        Path | None, typer.Option(help="Another folder for the report, for a store that is read-only.")
    ] = None,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Write a sweep's report (a web page, Markdown, LaTeX, CSV, figures) and print its table.

    What an earlier report computed from the stored scores is kept. Several stores are always merged.
    """
    from bench.api.live_display import counting
    from bench.cli.output import show_table
    from bench.errors import UsageError
    from bench.planning.ratios import parse_ratios, parse_seeds
    from bench.records.reader import StoreReader
    from bench.report import read_results, write_report
    from bench.report.stores import open_stores
    from bench.system.disk import RefusedError

    if metrics is not None and not listed(metrics):
        raise UsageError("--metrics is empty; name at least one (`bench ls metrics`), or leave it out.")
    if len(results) > 1 and sweep:
        raise UsageError(f"--sweep {sweep} is of one store, and several are merged; give one --results.")
    reading: AbstractContextManager[StoreReader]
    if from_mlflow is None:
        reading = nullcontext(open_stores(results))
    else:
        from bench.tracking import mirrored

        reading = mirrored(from_mlflow, results[0], None if merge else sweep)
    with reading as store:
        loaded = read_results(
            store,
            sweep,
            merge=merge or len(results) > 1,
            methods=None if methods is None else listed(methods),
            percents=None if ratios is None else parse_ratios(ratios),
            seeds=None if seeds is None else parse_seeds(seeds),
            baseline=baseline,
        )
        if out is not None:
            from bench.tracking.mirror import Mirrored

            store = Mirrored(store, out)
        if metrics is not None:
            from bench.report import with_metrics

            with counting("metrics of cells", unit="cells") as progress:
                loaded = with_metrics(loaded, store, metrics, progress)
        path = None
        with counting("test images resampled for cells", unit="cells") as progress:
            try:
                path = write_report(loaded, store, progress=progress)
            except RefusedError as error:
                if out is not None:
                    raise
                typer.secho(f"warning: the report was not written: {error}", fg="yellow", err=True)
    if as_json:
        typer.echo(json.dumps({**loaded.to_json(), "report": path and str(path)}))
    elif from_mlflow is not None:
        show_mirrored(loaded, path, from_mlflow)
    else:
        show_table(loaded, path, results[0])


def show_mirrored(loaded: "Loaded", path: Path | None, uri: str) -> None:
    """Show the table and the report's path; results are browsed on the server that they came from."""

    from bench.report import rich_tables

    console = plain_console()
    for table in rich_tables(loaded):
        console.print(table)
    written = [("report", path), ("page", path.with_suffix(".html"))] if path else []
    for name, where in (*written, ("read from", uri)):
        console.print(f"{name:<10}{where}", soft_wrap=True)


def sync(results: ResultsFolder = DEFAULT_RESULTS, tracking_uri: TrackingUri = None, debug: Debug = False) -> None:
    """Bring MLflow up to date with the store; doing it twice changes nothing."""
    from bench.records.store import existing_store
    from bench.tracking import sync as project
    from bench.tracking.database.location import refuse_no_place
    from bench.tracking.ui import refuse_nothing

    store = existing_store(results)
    refuse_nothing(store)
    if tracking_uri is not None:
        refuse_no_place(tracking_uri)
    typer.echo(str(project(store, tracking_uri)))


def ui(
    results: ResultsFolder = DEFAULT_RESULTS,
    port: Annotated[int, typer.Option(help="0 picks a free one.", min=0, max=65535)] = 0,
    debug: Debug = False,
) -> None:
    """Browse the results in MLflow, on this machine only; Ctrl-C ends it."""
    from bench.records.store import existing_store
    from bench.tracking import ui as serve

    serve(existing_store(results), port or None, announce=typer.echo)
