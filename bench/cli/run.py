"""`bench run`: the main job."""

from pathlib import Path
from typing import Annotated

import typer

from bench.cli.options import FILE, ExecutionFlags, File, RequestFlags
from bench.cli.output import command_line, conclude, show_plan
from bench.cli.plugin_flag import AllowPlugins
from bench.system.wording import listed


def run(
    context: typer.Context,
    request: RequestFlags,
    execution: ExecutionFlags,
    file: File = None,
    grid: Annotated[
        list[str] | None,
        typer.Option(help="METHOD.OPTION=VALUE,VALUE: a line of the table for each value; repeatable, combined."),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show the plan, and about how long it will take, and stop.")
    ] = False,
    detach: Annotated[
        bool, typer.Option("--detach", help="With --executor slurm: submit the jobs and stop; `bench status` follows.")
    ] = False,
    allow_plugins: AllowPlugins = False,
    write: Annotated[
        Path | None, typer.Option(help="Write all of this as a file for `bench run SWEEP.yaml`, and stop.")
    ] = None,
) -> None:
    """Run every method at every ratio; finished cells are not run again, and interrupted ones are resumed.

    Exit codes: 0 all done, 1 some cell failed, 2 wrong usage, 130 interrupted.
    """
    from bench.api.plan import make_plan
    from bench.planning.grid import parse_grid
    from bench.planning.request import in_full
    from bench.planning.sweep_file import SweepFile, merged

    from_file: SweepFile = context.meta.get(FILE, SweepFile()).of(in_full(listed(request.methods)))
    settings = merged(from_file.settings, request.overrides())
    axes = merged(from_file.grid, parse_grid(grid or []))
    if detach:
        execution.refuse_detach()
    plan = make_plan(request.request(settings, axes), execution.execution())
    if write:
        from bench.cli.write import write_sweep

        write_sweep(write, plan.request.protocol, context, settings, axes)
    elif dry_run:
        show_plan(plan, execution.as_json)
    elif detach:
        from bench.api.run import submit

        submit(plan, command_line(), say=lambda text: typer.echo(text, err=True))
    else:
        from bench.api.run import execute

        conclude(execute(plan, command_line(), quiet=execution.as_json), execution.as_json)
