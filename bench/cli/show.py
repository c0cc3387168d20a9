"""`bench show`: where a finished cell looks, over real images."""

import enum
import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bench.cli.options import DEFAULT_RESULTS, Debug, Json, Results, default_cache, names

if TYPE_CHECKING:
    from bench.show import Drawn


class Part(enum.StrEnum):
    """The split that images are taken from."""

    test = "test"
    train = "train"


def show(
    cell: Annotated[str, typer.Argument(metavar="CELL", help="The beginning of a cell's key; see `bench status`.")],
    images: Annotated[int, typer.Option(help="How many images, a row each.", min=1, max=64)] = 8,
    classes: Annotated[
        str | None, typer.Option(help="These classes on every image, comma-separated.  [default: those there or named]")
    ] = None,
    split: Annotated[Part, typer.Option(help="Where the images are from.")] = Part.test,
    seed: Annotated[
        int | None, typer.Option(help="Draw the images by this seed.  [default: the first in official order]", min=0)
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Another folder for the figure.  [default: the cell's own]")] = None,
    results: Results = DEFAULT_RESULTS,
    root: Annotated[Path | None, typer.Option(help="Where the dataset's files are; see `bench prepare -h`.")] = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", help="NAME.OPTION=FILE of the cell's method or protocol.")
    ] = None,
    cache: Annotated[Path | None, typer.Option(help="Drawn images and features; BENCH_CACHE sets it too.")] = None,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda.")] = "auto",
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Draw where a trained cell's classes look, as heat maps over images, and measure it where boxes are known.

    The images are not chosen by how they look: they are the first of the split, or drawn by a seed. With boxes, the
    pointing game tells how often a map peaks inside an object of its class, beside what a blind pointer would get. The
    cell's page of the next `bench report` shows the figure.
    """
    from bench.cli.display import PlainObserver
    from bench.config import parse_overrides
    from bench.environment import source_hash
    from bench.errors import UsageError
    from bench.show import Asked, find_cell
    from bench.show import show as draw
    from bench.show.trained import opened, refuse_blind
    from bench.store import Store
    from bench.workbench import choose_device
    from methods import METHODS

    wanted = names(classes or "")
    if classes is not None and not wanted:
        raise UsageError("--classes is empty; name at least one class, or leave it out.")
    store = Store(results)
    found = find_cell(store, cell)
    refuse_blind(found)
    asked = Asked(images=images, classes=wanted, part="train" if split is Part.train else "test", seed=seed, out=out)
    progress = PlainObserver([], quiet=as_json).encoding
    overrides = parse_overrides(settings or [])
    trained = opened(found, store, choose_device(device), cache or default_cache(), progress, root, overrides)
    row = store.row(found.key)
    drawn = draw(trained, asked, row, store, row.code != source_hash(METHODS.get(found.method.name)))
    if as_json:
        typer.echo(json.dumps({**drawn.record, "files": {k: str(v) for k, v in drawn.files.items()}}))
    else:
        _tell(drawn)


def _tell(drawn: "Drawn") -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console(markup=False, highlight=False)
    game = drawn.pointing
    if game is not None:
        table = Table(box=None, pad_edge=False)
        table.add_column("pointing game")
        for column in ("images", "peak in a box", "any position", "image centre"):
            table.add_column(column, justify="right")
        for c in (c for c in range(len(drawn.class_names)) if game.pairs[c]):
            shares = (f"{100 * values[c]:.1f} %" for values in (game.hits, game.chance, game.centre))
            table.add_row(drawn.class_names[c], f"{int(game.pairs[c]):,}", *shares)
        table.add_section()
        table.add_row("mean over classes", f"{drawn.measured:,}", *(f"{100 * value:.1f} %" for value in game.mean))
        console.print(table)
        console.print()
    for suffix, path in drawn.files.items():
        console.print(f"{suffix:<4} {path}", soft_wrap=True)
    for warning in drawn.warnings:
        typer.secho(f"warning: {warning}.", fg="yellow", err=True)
