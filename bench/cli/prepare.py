"""`bench prepare`: is this copy of a dataset whole, readable, and the one that the papers used?"""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from bench.cli.options import Debug, Json
from bench.cli.plugin_flag import Plugins
from bench.errors import UsageError
from bench.system.paths import default_cache


def prepare(
    dataset: Annotated[str, typer.Option(help="See `bench ls datasets`.")],
    root: Annotated[
        Path | None,
        typer.Option(help="Where its files are or go; else `BENCH_ROOT_DATASET`, or the user's config file."),
    ] = None,
    settings: Annotated[
        list[str] | None, typer.Option("--data", "--set", help="DATASET.OPTION=VALUE, as for `bench run`.")
    ] = None,
    images: Annotated[bool, typer.Option(help="Decode every image; later only changed ones.")] = True,
    download: Annotated[bool, typer.Option("--download", help="Fetch the official archives first (many GB).")] = False,
    cache: Annotated[Path | None, typer.Option(help="Where the findings are kept; BENCH_CACHE sets it too.")] = None,
    plugin: Plugins = None,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Check a copy of a dataset: its files, image list, class order, labels, and every image.

    The result is kept, so that later runs open the dataset at once. Exit codes: 0 fine, 2 something must be mended.
    """
    from bench.data import DATASETS
    from bench.data.roots import find_root
    from bench.settings.conversion import build
    from bench.settings.overrides import parse_overrides

    dataset_class: Any = DATASETS.get(dataset)
    if not dataset_class.needs_root:
        raise UsageError(f"dataset {dataset!r} makes its own images on first use; there is nothing to prepare.")
    root = find_root(dataset, root)
    overrides = parse_overrides(settings or [])
    for owner in overrides:
        if owner != dataset:
            raise UsageError(f"options for {owner!r} were given, but only {dataset!r} is prepared.")
    if download:
        _download(dataset_class, root)
    from bench.api.opening import bars
    from bench.data.check import examine
    from bench.data.pack import Pack
    from bench.data.pack.check import examine_pack

    options = build(dataset_class.Options, overrides.get(dataset, {}), owner=dataset)
    opened = dataset_class(options, root, cache or default_cache())
    with bars() as show:
        findings = examine_pack(opened, show) if isinstance(opened, Pack) else examine(opened, images, show)
    if as_json:
        typer.echo(json.dumps(findings.to_json(), indent=1))
    else:
        colours = {"ok": "green", "warning": "yellow", "error": "red"}
        typer.echo(f"{dataset} in {findings.folder}")
        for finding in findings.findings:
            typer.secho(f"{finding.level:7}", fg=colours[finding.level], nl=False)
            typer.echo(f" {finding.title}: {finding.detail}")
        if findings.class_table:
            from bench.cli.class_table import show_classes

            show_classes(findings.class_table)
    if not findings.fine:
        raise typer.Exit(2)


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
