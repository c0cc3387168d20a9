"""`bench report`, `bench ui`, `bench sync`: the store's projections."""

from typing import Annotated

import typer

from bench.cli.options import DEFAULT_RESULTS, Debug, Results, SweepId, TrackingUri


def report(results: Results = DEFAULT_RESULTS, sweep: SweepId = None, debug: Debug = False) -> None:
    """Write the report of a sweep again and print its table."""
    from bench.cli.display import show_table
    from bench.report import load, write_report
    from bench.store import Store

    store = Store(results)
    loaded = load(store, sweep)
    show_table(loaded, write_report(loaded, store), results)


def sync(results: Results = DEFAULT_RESULTS, tracking_uri: TrackingUri = None, debug: Debug = False) -> None:
    """Bring MLflow up to date with the store; doing it twice changes nothing."""
    from bench.store import Store
    from bench.tracking import sync as project

    typer.echo(str(project(Store(results), tracking_uri)))


def ui(
    results: Results = DEFAULT_RESULTS,
    port: Annotated[int, typer.Option(help="0 picks a free one.", min=0, max=65535)] = 0,
    debug: Debug = False,
) -> None:
    """Browse the results in MLflow, on this machine only; Ctrl-C ends it."""
    from bench.store import Store
    from bench.tracking import ui as serve

    serve(Store(results), port or None, announce=lambda url: typer.echo(f"MLflow: {url}  (Ctrl-C ends it)"))
