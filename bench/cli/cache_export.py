"""`bench cache export`: cached features with their labels as one file, for a machine without the images."""

import json
from pathlib import Path
from typing import Annotated

import typer

from bench.cli.cache_choice import chosen_entries
from bench.cli.cache_facts import size_text
from bench.cli.options import Debug, Json
from bench.cli.plugin_flag import Plugins
from bench.errors import UsageError
from bench.system.paths import default_cache


def export_features(
    key: Annotated[str, typer.Argument(metavar="KEY", help="A key of `bench cache ls`, or its beginning.")],
    pack: Annotated[Path, typer.Argument(metavar="PACK.tar", help="The file.")],
    root: Annotated[
        Path | None, typer.Option(help="Where the dataset's files are.  [default: where they were encoded from]")
    ] = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", help="BACKBONE.OPTION=FILE, where its weights come from a file.")
    ] = None,
    by: Annotated[str | None, typer.Option(help="Who makes it.  [default: user@machine]")] = None,
    licence: Annotated[str | None, typer.Option(help="The terms under which the pack may be used, in words.")] = None,
    views: Annotated[
        bool, typer.Option(help="Put cached augmented views in too, each as large as the training images' features.")
    ] = True,
    replace: Annotated[bool, typer.Option("--replace", help="Replace a file that is there.")] = False,
    cache: Annotated[Path | None, typer.Option("--cache", help="The cache; BENCH_CACHE sets it too.")] = None,
    plugin: Plugins = None,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Write the features of both splits, with labels, image names and class names, as one file; no image is in it.

    `bench run --dataset pack --root PACK.tar` trains on it anywhere. The dataset's files are looked at once more, so
    that the pack holds what was encoded.
    """
    from bench.api.sharing import NO_TERMS, write_pack_of
    from bench.settings.overrides import parse_overrides

    place = cache or default_cache()
    entries = chosen_entries(place, [key], None, None, everything=False)
    if not entries:
        raise UsageError(f"there is no key {key!r} in {place / 'features'}; `bench cache ls` shows them all.")
    written = write_pack_of(
        entries[0],
        pack,
        place,
        root=root,
        settings=parse_overrides(settings or []),
        by=by,
        licence=licence or NO_TERMS,
        replace=replace,
        views=views,
    )
    if as_json:
        typer.echo(json.dumps({**written.__dict__, "path": str(written.path)}))
        return
    images = " and ".join(f"{count:,} {part}" for part, count in written.images.items())
    typer.echo(
        f"{written.path}  {size_text(written.bytes)}, {images} images of {written.dataset} by {written.backbone}"
    )
    packed = ", ".join(f"{count} of {name}" for name, count in written.views.items())
    typer.echo(f"views    {packed or 'none in it, so cells with --views cannot run on it'}")
    typer.echo(f"made by {written.made_by} (--by NAME says otherwise)")
    typer.echo(f"use it   bench run --dataset pack --root {written.path}")
