"""`bench run`: the main job."""

from pathlib import Path
from typing import Annotated

import typer

from bench.cli.options import FILE, File, How, What, names
from bench.cli.plugin_flag import AllowPlugins


def run(
    context: typer.Context,
    what: What,
    how: How,
    file: File = None,
    grid: Annotated[
        list[str] | None,
        typer.Option(help="METHOD.OPTION=VALUE,VALUE: the method once with each value; several make the product."),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show the plan, and about how long it will take, and stop.")
    ] = False,
    allow_plugins: AllowPlugins = False,
    write: Annotated[
        Path | None, typer.Option(help="Write all of this as a file for `bench run SWEEP.yaml`, and stop.")
    ] = None,
) -> None:
    """Run every method at every ratio; what is done already is not run again, what was cut off goes on.

    Exit codes: 0 all done, 1 some cell failed, 2 wrong usage, 130 interrupted.
    """
    from bench.cli.execute import conclude, execute, overrides_of, planned, sweep_of
    from bench.planning.grid import parse_grid
    from bench.planning.sweep_file import SweepFile, merged

    told: SweepFile = context.meta.get(FILE, SweepFile()).of(names(what.methods))
    settings = merged(told.settings, overrides_of(what))
    axes = merged(told.grid, parse_grid(grid or []))
    plan = planned(sweep_of(what, settings, axes), how)
    if write:
        from bench.cli.write import write_sweep

        write_sweep(write, context, settings, axes)
    elif dry_run:
        from bench.cli.plans import show_plan

        show_plan(plan, how)
    else:
        conclude(execute(plan, how), how)
