"""The command line. Heavy imports wait until a command needs them, so that help is instant."""

import os
import sys

import typer

from bench.cli import ablate, cache, compare, inspect, prepare, results, run, search, sensitivity, show, variance
from bench.cli.options import with_flags
from bench.errors import BenchError
from bench.interrupts import obeyed_signals

app = typer.Typer(
    name="bench",
    help="Multi-label recognition with missing labels: every method under equal masks, features and selection.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("run")(with_flags(run.run))
app.command("ablate")(with_flags(ablate.ablate))
app.command("search")(with_flags(search.search))
app.command("sensitivity")(with_flags(sensitivity.sensitivity))
app.command("variance")(with_flags(variance.variance))
app.command("prepare")(prepare.prepare)
app.command("status")(inspect.status)
app.command("ls")(inspect.ls)
app.command("report")(results.report)
app.command("show")(show.show)
app.command("compare")(compare.compare)
app.command("ui")(results.ui)
app.command("sync")(results.sync)
app.command("doctor")(inspect.doctor)
app.add_typer(cache.app, name="cache")

EXIT_WRONG_USE, EXIT_INTERRUPTED = 2, 130


def main() -> None:
    """Entry point: errors of use become one sentence and exit code 2; `--debug` shows the traceback."""
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # deterministic cuBLAS; must be set before CUDA starts
    try:
        with obeyed_signals():  # a library that is being imported says ImportError for Ctrl-C
            app()
    except BenchError as error:
        if "--debug" in sys.argv:
            raise
        typer.secho(f"error: {error}", fg="red", err=True)
        sys.exit(EXIT_WRONG_USE)
    except KeyboardInterrupt:
        _say_interrupted()
        sys.exit(EXIT_INTERRUPTED)
    except SystemExit as ending:
        if ending.code == EXIT_INTERRUPTED:  # what typer makes of Ctrl-C
            _say_interrupted()
        raise


def _say_interrupted() -> None:
    typer.secho("interrupted; the same command goes on from the last checkpoint.", err=True)
