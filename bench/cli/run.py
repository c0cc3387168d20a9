"""`bench run`: the main job."""

import datetime
import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from bench.cli import options
from bench.cli.options import DEFAULT_RESULTS, Debug, Json, Results, TrackingUri, default_cache
from bench.errors import UsageError


def run(
    methods: Annotated[str, typer.Option(help="Comma-separated names; see `bench ls methods`.")] = "trm_ml,dualcoop",
    ratios: Annotated[str, typer.Option(help="Shares of known labels: 0.1-0.9, 0.1,0.5, 10-90 or 5%.")] = "0.1-0.9",
    seeds: Annotated[str, typer.Option(help="Seeds: 0, 0-2 or 0,5.")] = "0",
    dataset: Annotated[str | None, typer.Option(help="See `bench ls datasets`.  [default: scenes]")] = None,
    root: Annotated[Path | None, typer.Option(help="Where the dataset's files are.")] = None,
    protocol: Annotated[str, typer.Option(help="How labels are hidden; see `bench ls protocols`.")] = "partial",
    backbone: Annotated[str, typer.Option(help="Frozen encoder; see `bench ls backbones`.")] = "tiny_clip",
    recipe: Annotated[
        str, typer.Option(help="Named settings of the methods; auto: embedded with tiny_clip, else the paper's.")
    ] = "auto",
    holdout: Annotated[int, typer.Option(help="Percent of training images kept out to select on.", min=0, max=90)] = 0,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", "--data", help="NAME.OPTION=VALUE of a method, the dataset, protocol or backbone."),
    ] = None,
    results: Results = DEFAULT_RESULTS,
    cache: Annotated[Path | None, typer.Option(help="Drawn images and features; BENCH_CACHE sets it too.")] = None,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda.")] = "auto",
    workers: Annotated[
        int, typer.Option(help="Processes that train at once; 0: one a core, or one on a GPU.", min=0)
    ] = 0,
    threads: Annotated[int, typer.Option(help="CPU threads of each worker; part of what makes bits equal.", min=1)] = 1,
    mlflow: Annotated[bool, typer.Option(help="Project the results into MLflow while running.")] = True,
    tracking_uri: TrackingUri = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the plan and stop.")] = False,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Run every method at every ratio; what is done already is not run again, what was cut off goes on.

    Exit codes: 0 all done, 1 some cell failed, 2 wrong usage, 130 interrupted.
    """
    from bench.config import parse_overrides
    from bench.plan import Sweep, cells, open_dataset, plan, record
    from bench.ratios import parse_ratios, parse_seeds
    from bench.store import Store

    percents, seed_list, method_names = parse_ratios(ratios), parse_seeds(seeds), options.names(methods)
    if not method_names:
        raise UsageError("--methods is empty; name at least one, for instance trm_ml,dualcoop.")
    overrides = parse_overrides(settings or [])
    sweep = Sweep(
        methods=method_names,
        percents=tuple(percents),
        seeds=tuple(seed_list),
        dataset=dataset or _dataset_of(overrides),
        protocol=protocol,
        backbone=backbone,
        recipe=recipe,
        holdout=holdout,
        overrides=overrides,
        root=root,
    )
    cache = cache or default_cache()
    store = Store(results)
    opened = open_dataset(sweep, cache)
    entries = plan(sweep, opened)
    todo = list(cells(entries))
    if dry_run:
        from bench.cli.display import show_plan

        show_plan(entries, store, as_json)
        return

    import torch

    from bench.workbench import Workbench, choose_device

    chosen = choose_device(device)
    now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    sweep_record = record(sweep, entries, command=["bench", *sys.argv[1:]], created=now)
    store.save_sweep(sweep_record)

    from bench.cli.display import observer_for, show_table
    from bench.report import load, write_report
    from bench.sweep import run_cells
    from bench.tracking import following
    from bench.workers import assisted, worker_count

    with observer_for(todo, store, quiet=as_json) as observer, following(store, tracking_uri, mlflow) as follower:
        bench = Workbench(opened, chosen, cache, progress=observer.encoding)
        pending = [cell for cell in todo if store.state(cell.key) != "done"]
        if pending:
            bench.prepare(pending[0])
        torch.set_num_threads(threads)
        helpers = worker_count(workers, len(pending), chosen) - 1
        with assisted(helpers, sweep, results, cache, chosen, threads):
            run_cells(todo, store, bench, observer)
        results_of_sweep = load(store, sweep_record["id"])
        report = write_report(results_of_sweep, store)
        problem = follower.finish()
    if problem:
        typer.secho(f"warning: {problem}", fg="yellow", err=True)
    if as_json:
        typer.echo(json.dumps(results_of_sweep.to_json()))
    else:
        show_table(results_of_sweep, report, results)
    if observer.failed:
        raise typer.Exit(1)


def _dataset_of(overrides: dict[str, dict[str, str]]) -> str:
    """`--data scenes.world=7` names the dataset too."""
    from bench.data import DATASETS

    named = [name for name in overrides if name in DATASETS.names()]
    return named[0] if named else "scenes"
