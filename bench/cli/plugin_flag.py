"""`--plugin`, and the plugins of a sweep file: the file alone never makes code load."""

import os
from typing import Annotated

import typer

from bench.errors import UsageError

FILE = "bench.planning.sweep_file"
"""Where a command finds what its file said of settings and grid, in `context.meta`."""


def _load(context: typer.Context, values: list[str] | None) -> list[str] | None:
    """Load the plugins of the command line and the environment, and those of the sweep file where that is allowed."""
    source = context.get_parameter_source("plugin")
    if context.resilient_parsing or source is None:  # None: the file's values are being checked
        return values
    listed = str(context.meta[FILE].flags.get("plugin", "")) if FILE in context.meta else ""
    of_file = [name for name in listed.split(",") if name]
    named = list(values or []) if source.name == "COMMANDLINE" else []
    if not (named or of_file or os.environ.get("BENCH_PLUGINS")):
        return None
    from bench.settings import plugins

    refused = [name for name in of_file if name not in (*named, *plugins.from_environment())]
    if refused and not context.params.get("allow_plugins"):
        raise UsageError(
            f"the sweep file names the plugin {refused[0]}, which is code that would run with your rights; read it, "
            f"then give --plugin {refused[0]} too, or --allow-plugins."
        )
    everything = list(dict.fromkeys([*named, *of_file]))
    plugins.load_environment()
    plugins.load_plugins(everything)
    for name, error in plugins.broken().items():
        typer.secho(f"warning: the plugin {name} could not be loaded: {error}", fg="yellow", err=True)
    return everything or None


Plugins = Annotated[
    list[str] | None,
    typer.Option(
        "--plugin",
        metavar="FILE.py|PACKAGE",
        callback=_load,
        help="Your code that adds methods, datasets, protocols, ...; repeatable; BENCH_PLUGINS adds more.",
    ),
]

AllowPlugins = Annotated[
    bool, typer.Option("--allow-plugins", is_eager=True, help="Run the plugins that SWEEP.yaml names: they are code.")
]
