"""The command line. Heavy imports wait until a command needs them, so that help is instant."""

import os
import sys
from typing import Annotated, Any

import typer

from bench import __version__
from bench.cli import (
    ablate,
    cache,
    cells,
    compare,
    conformance,
    export,
    inspect,
    ls,
    predict,
    prepare,
    results,
    run,
    search,
    sensitivity,
    show,
    tune,
    variance,
)
from bench.cli.options import with_flags
from bench.errors import BenchError, UsageError
from bench.system.disk import disk_error
from bench.system.garbage import collect_later
from bench.system.interrupts import reraised_signals


class _Group(typer.core.TyperGroup):
    """All commands, none of which takes an empty text for a name, a file or a number."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        for before, argument in zip(["", *args], args, strict=False):
            flag, equals, value = argument.partition("=")
            if not argument.strip():
                subject = before if before.startswith("--") else "an argument"
            elif flag.startswith("--") and equals and not value.strip():
                subject = flag
            else:
                continue
            raise UsageError(f"{subject} is empty; give a value, or leave it out.")
        return super().parse_args(ctx, args)


app = typer.Typer(
    name="bench",
    cls=_Group,
    help="Multi-label recognition with missing labels: every method under equal masks, features and selection.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _say_version(requested: bool) -> None:
    if requested:
        typer.echo(f"bench {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", help="Show the version and stop.", callback=_say_version, is_eager=True)
    ] = False,
) -> None: ...


app.command("run")(with_flags(run.run))
app.command("ablate")(with_flags(ablate.ablate))
app.command("search")(with_flags(search.search))
app.command("tune")(with_flags(tune.tune))
app.command("sensitivity")(with_flags(sensitivity.sensitivity))
app.command("variance")(with_flags(variance.variance))
app.command("prepare")(prepare.prepare)
app.command("test")(conformance.check)
app.command("status")(inspect.status)
app.command("ls")(ls.ls)
app.command("report")(results.report)
app.command("show")(show.show)
app.command("predict")(predict.predict)
app.command("export")(export.export)
app.command("export-cells")(cells.export_cells)
app.command("import-cells")(cells.import_cells)
app.command("compare")(compare.compare)
app.command("ui")(results.ui)
app.command("sync")(results.sync)
app.command("doctor")(inspect.doctor)
app.add_typer(cache.app, name="cache")

EXIT_WRONG_USE, EXIT_INTERRUPTED = 2, 130


def main() -> None:
    """Entry point: errors of use become one sentence and exit code 2; `--debug` shows the traceback."""
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # deterministic cuBLAS; must be set before CUDA starts
    collect_later()
    try:
        with reraised_signals():  # a library that is being imported turns Ctrl-C into an ImportError
            app()
    except (BenchError, OSError) as error:
        problem = disk_error(error) if isinstance(error, OSError) else error
        if problem is None or "--debug" in sys.argv:
            raise
        typer.secho(f"error: {problem}", fg="red", err=True)
        sys.exit(EXIT_WRONG_USE)
    except KeyboardInterrupt:
        _say_interrupted()
        sys.exit(EXIT_INTERRUPTED)
    except SystemExit as ending:
        if ending.code == EXIT_INTERRUPTED:  # what typer makes of Ctrl-C
            _say_interrupted()
        raise


def _say_interrupted() -> None:
    typer.secho("interrupted; the same command resumes from the last checkpoint.", err=True)
