"""`bench show`: where a finished cell looks, over real images, and which of them it gets wrong."""

import enum
import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bench.cli.mistakes import show_mistakes
from bench.cli.options import Debug, Json, ResultsFolder
from bench.cli.plugin_flag import Plugins
from bench.planning.ratios import LARGEST_SEED
from bench.system.console import plain_console
from bench.system.paths import DEFAULT_RESULTS, default_cache
from bench.system.wording import listed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rich.table import Table

    from bench.attention import DrawnAttention
    from bench.attention.pointing import Pointing


class ShownSplit(enum.StrEnum):
    """The split that images are taken from."""

    test = "test"
    train = "train"


def show(
    cell: Annotated[str, typer.Argument(metavar="CELL", help="The beginning of a cell's key; see `bench status`.")],
    other: Annotated[
        str | None,
        typer.Argument(metavar="OTHER", help="Another cell of the same dataset, below the first on each image."),
    ] = None,
    errors: Annotated[
        bool, typer.Option("--errors", help="Of each class the images that are wrong, from the stored scores.")
    ] = False,
    images: Annotated[
        int | None,
        typer.Option(help="How many images; with --errors, of each class and kind.  [default: 8; 5]", min=1, max=64),
    ] = None,
    classes: Annotated[
        str | None,
        typer.Option(
            help="These classes, comma-separated.  [default: those in the image or predicted; with --errors, all]"
        ),
    ] = None,
    split: Annotated[ShownSplit, typer.Option(help="Where the images are from.")] = ShownSplit.test,
    seed: Annotated[
        int | None,
        typer.Option(
            help="Draw random images by this seed.  [default: the first in official order]", min=0, max=LARGEST_SEED
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Another folder for the figure or page.  [default: the cell's own]")
    ] = None,
    results: ResultsFolder = DEFAULT_RESULTS,
    root: Annotated[Path | None, typer.Option(help="Where the dataset's files are; see `bench prepare -h`.")] = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", help="NAME.OPTION=FILE of the cell's method, protocol or backbone.")
    ] = None,
    cache: Annotated[Path | None, typer.Option(help="Drawn images and features; BENCH_CACHE sets it too.")] = None,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda.")] = "auto",
    plugin: Plugins = None,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Draw where a trained cell's classes look, or with `--errors` list the test images that it gets wrong.

    Attention is drawn as heat maps over images, and measured where boxes are known.
    With OTHER, two cells look at the same images and the same classes: two methods, or one method with more labels. The
    images are not chosen by how they look: they are the first of the split, or drawn by a seed. With boxes, the
    pointing game shows how often a map peaks inside an object of its class, beside the share that is expected by
    chance. The cell's page of the next `bench report` shows the figure.

    `--errors` is another view: of each class the absent images with the highest scores and the present ones with the
    lowest, on a page with thumbnails. No model is run. With OTHER, it says which images both cells get wrong.
    """
    from bench.errors import UsageError

    names = listed(classes or "")
    if classes is not None and not names:
        raise UsageError("--classes is empty; name at least one class, or leave it out.")
    if errors:
        _refuse_maps_flags(split, {"--seed": seed, "--set": settings, "--device": None if device == "auto" else device})
        show_mistakes(
            [cell] if other is None else [cell, other],
            results=results,
            cache=cache or default_cache(),
            classes=names,
            images=images,
            root=root,
            out=out,
            as_json=as_json,
        )
        return
    from bench.api.display import PlainObserver
    from bench.attention import AttentionRequest, CellToDraw, draw_attention
    from bench.attention.eligible import refuse_blind, refuse_no_images
    from bench.records.find import refuse_apart
    from bench.records.store import existing_store
    from bench.settings.overrides import parse_overrides
    from bench.system.device import choose_device
    from bench.system.environment import source_hash
    from bench.trained import find_cell, open_trained_cell
    from methods import METHODS

    store = existing_store(results)
    keys = [find_cell(store, prefix) for prefix in (cell, other) if prefix is not None]
    for one in keys:
        refuse_blind(one)
    refuse_apart(keys)
    drawing = AttentionRequest(
        images=8 if images is None else images,
        classes=names,
        part="train" if split is ShownSplit.train else "test",
        seed=seed,
        out=out,
    )
    progress = PlainObserver([], quiet=as_json).encoding
    overrides = parse_overrides(settings or [])
    used = {one.key: {one.method.name, one.protocol.name, one.backbone.name} for one in keys}
    shown = []
    for one in keys:
        # What only the other cell reads is not this one's; what neither reads is refused.
        others = set().union(*used.values()) - used[one.key]
        own = {name: files for name, files in overrides.items() if name not in others}
        trained = open_trained_cell(one, store, choose_device(device), cache or default_cache(), progress, root, own)
        refuse_no_images(trained)
        row = store.row(one.key)
        shown.append(CellToDraw(trained, row, row.code != source_hash(METHODS.get(one.method.name))))
    drawn = draw_attention(shown, drawing, store)
    if as_json:
        typer.echo(json.dumps({**drawn.record, "files": {k: str(v) for k, v in drawn.files.items()}}))
    else:
        _tell(drawn)


def _refuse_maps_flags(split: ShownSplit, flags: "Mapping[str, object]") -> None:
    """UsageError for what --errors has no use for: no model is run, and only test images have scores."""
    from bench.errors import UsageError

    if split is ShownSplit.train:
        raise UsageError(
            "--errors is of test images: a store keeps no scores of training images; leave --split train out."
        )
    for flag, value in flags.items():
        if value is not None and value != []:
            raise UsageError(f"{flag} belongs to attention maps, and --errors runs no model; leave one of them out.")


def _pointing_table(drawn: "DrawnAttention", games: "Mapping[str, Pointing]") -> "Table":
    """By class: how often each cell's peak lies in a box, and the share expected by chance."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    table.add_column("pointing game")
    peaks = [f"peak in a box: {label}" for label in games] if len(drawn.maps) > 1 else ["peak in a box"]
    for column in ("images", *peaks, "any position", "image centre"):
        table.add_column(column, justify="right")
    first = next(iter(games.values()))
    measured = next(one.measured for one in drawn.maps.values() if one.game is first)
    for c in (c for c in range(len(drawn.class_names)) if first.pairs[c]):
        shares = [*(game.hits[c] for game in games.values()), first.chance[c], first.centre[c]]
        table.add_row(drawn.class_names[c], f"{int(first.pairs[c]):,}", *(f"{100 * share:.1f} %" for share in shares))
    table.add_section()
    means = [*(game.mean[0] for game in games.values()), *first.mean[1:]]
    table.add_row("mean over classes", f"{measured:,}", *(f"{100 * value:.1f} %" for value in means))
    return table


def _tell(drawn: "DrawnAttention") -> None:

    console = plain_console(highlight=False)
    games = {label: one.game for label, one in drawn.maps.items() if one.game is not None}
    if games:
        console.print(_pointing_table(drawn, games))
        console.print()
    for suffix, path in drawn.files.items():
        console.print(f"{suffix:<4} {path}", soft_wrap=True)
    for warning in drawn.warnings:
        typer.secho(f"warning: {warning}.", fg="yellow", err=True)
