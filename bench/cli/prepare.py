"""`bench prepare`: is this copy of a dataset whole, readable, and the one that the papers used?"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from bench.cli.options import Debug, Json
from bench.cli.plugin_flag import Plugins
from bench.errors import UsageError
from bench.system.paths import default_cache
from bench.system.wording import counted


def prepare(
    dataset: Annotated[str, typer.Option(help="See `bench ls datasets`.")],
    root: Annotated[
        Path | None,
        typer.Option(help="Where its files are or go; else `BENCH_ROOT_DATASET`, or the user's config file."),
    ] = None,
    settings: Annotated[
        list[str] | None, typer.Option("--data", "--set", help="NAME.OPTION=VALUE, as for `bench run`.")
    ] = None,
    backbone: Annotated[
        str | None, typer.Option(help="Say which images it enlarges or squashes; by default, the dataset's own.")
    ] = None,
    images: Annotated[
        bool,
        typer.Option(help="Decode every image, 3 ms of a processor for 640 x 480 pixels; later only changed ones."),
    ] = True,
    near_duplicates: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.csv",
            help="List pairs of images that look alike, above all of a training and a test image. "
            "12,500 images: 4 seconds of a processor, 123,000: 5 minutes.",
        ),
    ] = None,
    download: Annotated[bool, typer.Option("--download", help="Fetch the official archives first (many GB).")] = False,
    cache: Annotated[Path | None, typer.Option(help="Where the findings are kept; BENCH_CACHE sets it too.")] = None,
    plugin: Plugins = None,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Check a copy of a dataset: its files, image list, class order, labels, and every image.

    The result is kept, so that later runs open the dataset at once. Exit codes: 0 fine, 2 something must be mended.
    """
    if near_duplicates is not None and not images:
        raise UsageError("--near-duplicates compares decoded images; leave out --no-images.")
    from bench.data import DATASETS
    from bench.data.roots import find_root
    from bench.settings.conversion import build
    from bench.settings.overrides import parse_overrides

    dataset_class: Any = DATASETS.get(dataset)
    if not dataset_class.needs_root:
        raise UsageError(f"dataset {dataset!r} makes its own images on first use; there is nothing to prepare.")
    root = find_root(dataset, root)
    overrides = parse_overrides(settings or [])
    backbone = backbone or dataset_class.backbone_for(root)
    for owner in overrides:
        if owner not in (dataset, backbone):
            raise UsageError(f"options for {owner!r} were given, but only {dataset!r} is prepared, for {backbone!r}.")
    if download:
        _download(dataset_class, root)
    from bench.api.opening import bars
    from bench.data.alike import write_pairs
    from bench.data.check import examine
    from bench.data.pack import Pack
    from bench.data.pack.check import examine_pack

    options = build(dataset_class.Options, overrides.get(dataset, {}), owner=dataset)
    opened = dataset_class(options, root, cache or default_cache())
    if isinstance(opened, Pack):
        with bars() as show:
            findings = examine_pack(opened, show)
    else:
        encoder = _encoder(backbone, overrides.get(backbone, {}))
        if near_duplicates is not None and not near_duplicates.is_file():
            write_pairs(near_duplicates, [])  # a place that cannot be written to is known before the work
        with bars() as show:
            findings = examine(opened, images, show, encoder, compare=near_duplicates is not None)
    if near_duplicates is not None:
        write_pairs(near_duplicates, findings.alike)
    if as_json:
        typer.echo(json.dumps(findings.to_json(), indent=1))
    else:
        colours = {"ok": "green", "note": "cyan", "warning": "yellow", "error": "red"}
        typer.echo(f"{dataset} in {findings.folder}")
        for finding in findings.findings:
            typer.secho(f"{finding.level:7}", fg=colours[finding.level], nl=False)
            typer.echo(f" {finding.title}: {finding.detail}")
        if near_duplicates is not None:
            pairs = counted(len(findings.alike), "pair is listed", "pairs are listed")
            typer.echo(f"{pairs} in {near_duplicates}")
        if findings.class_table:
            from bench.cli.class_table import show_classes

            show_classes(findings.class_table)
    if not findings.fine:
        raise typer.Exit(2)


def _encoder(backbone: str, options: Mapping[str, Any]) -> Any:
    """Its square input; None where only the built model knows the size."""
    from bench.backbones import BACKBONES
    from bench.data.image_notes import EncoderInput
    from bench.settings.conversion import build

    kind = BACKBONES.get(backbone)
    side = kind.input_side(build(kind.Options, options, owner=backbone))
    return None if side is None else EncoderInput(backbone, side)


def _download(dataset_class: Any, root: Path) -> None:
    from bench.api.opening import bars
    from bench.data.download import obtain

    if not dataset_class.archives:
        raise UsageError(
            f"{dataset_class.name} has no archive with a stable address; put {dataset_class.layout} into {root}."
        )
    root.mkdir(parents=True, exist_ok=True)
    with bars(of_bytes=True) as show:
        for archive in dataset_class.archives:
            if not obtain(archive, root, show):
                show(f"{archive.provides} is there", 1, 1)
