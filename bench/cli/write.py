"""`bench run --write FILE`: the command as a file that `bench run FILE` takes."""

import dataclasses
import shlex
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import typer

from bench.cli.options import RequestFlags, flags_of
from bench.errors import UsageError
from bench.planning.sweep_file import SweepFile, render_sweep_file
from bench.system.files import write_text


def write_sweep(
    path: Path,
    protocol: str,
    context: typer.Context,
    settings: Mapping[str, Mapping[str, Any]],
    grid: Mapping[str, Mapping[str, Sequence[Any]]],
) -> None:
    """Write every flag that decides what is run, against later defaults; of the other flags, those that were given.

    protocol: the one that the plan settled on.
    """
    if path.exists():
        raise UsageError(f"--write {path}: this file exists already; remove it or give another name.")
    request_fields = {field.name for field in dataclasses.fields(RequestFlags)}
    flags: dict[str, str | bool] = {}
    for flag, param in flags_of(context).items():
        value, source = context.params[param.name], context.get_parameter_source(param.name)
        is_given = source is not None and source.name != "DEFAULT"
        if value is not None and (is_given or (param.name in request_fields and value is not False)):
            text = ",".join(value) if isinstance(value, list | tuple) else str(value)
            flags[flag] = value if isinstance(value, bool) else text
    flags["protocol"] = protocol
    command = shlex.join(["bench", *sys.argv[1:]])
    write_text(path, render_sweep_file(SweepFile(flags, settings, grid), heading=f"Written by: {command}"))
    typer.echo(f"written  {path}", err=True)
    typer.echo(f"run it   bench run {shlex.quote(str(path))}", err=True)
