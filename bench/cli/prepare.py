"""`bench prepare`: is this copy of a dataset whole, readable, and the one that the papers used?"""

import contextlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from bench.cli.console import plain_console, text_column
from bench.cli.options import Debug, Json
from bench.cli.plugin_flag import Plugins
from bench.errors import UsageError
from bench.system.paths import default_cache
from bench.system.wording import counted


def prepare(
    dataset: Annotated[str, typer.Option(help="See `bench ls datasets`.")],
    root: Annotated[
        Path | None,
        typer.Option(help="Where its files are or shall be; else `BENCH_ROOT_DATASET`, or the user's config file."),
    ] = None,
    settings: Annotated[
        list[str] | None, typer.Option("--data", "--set", help="DATASET.OPTION=VALUE, as for `bench run`.")
    ] = None,
    images: Annotated[bool, typer.Option(help="Decode every image; once, then again only what changed.")] = True,
    download: Annotated[bool, typer.Option("--download", help="Fetch the official archives first (many GB).")] = False,
    cache: Annotated[Path | None, typer.Option(help="Where what was found is kept; BENCH_CACHE sets it too.")] = None,
    plugin: Plugins = None,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Check a copy of a dataset: its files, image list, class order, labels, and every image.

    What was found is kept, so that later runs open the dataset at once. Exit codes: 0 fine, 2 something must be mended.
    """
    from bench.data import DATASETS
    from bench.data.roots import find_root
    from bench.settings.config import build, parse_overrides

    dataset_class: Any = DATASETS.get(dataset)
    if not dataset_class.needs_root:
        raise UsageError(f"dataset {dataset!r} makes its own images when they are first used; nothing is to prepare.")
    root = find_root(dataset, root)
    overrides = parse_overrides(settings or [])
    for owner in overrides:
        if owner != dataset:
            raise UsageError(f"options for {owner!r} were given, but only {dataset!r} is prepared.")
    if download:
        _download(dataset_class, root)
    from bench.data.check import examine

    options = build(dataset_class.Options, overrides.get(dataset, {}), owner=dataset)
    opened = dataset_class(options, root, cache or default_cache())
    with _bar() as show:
        found = examine(opened, images, show)
    if as_json:
        typer.echo(json.dumps(found.to_json(), indent=1))
    else:
        colours = {"ok": "green", "warning": "yellow", "error": "red"}
        typer.echo(f"{dataset} in {found.folder}")
        for finding in found.findings:
            typer.secho(f"{finding.level:7}", fg=colours[finding.level], nl=False)
            typer.echo(f" {finding.what}: {finding.detail}")
    if not found.fine:
        raise typer.Exit(2)


def _download(dataset_class: Any, root: Path) -> None:
    from bench.data.download import obtain

    if not dataset_class.archives:
        raise UsageError(
            f"{dataset_class.name} has no archive with a stable address; put {dataset_class.layout} into {root}."
        )
    root.mkdir(parents=True, exist_ok=True)
    with _bar(bytes_=True) as show:
        for archive in dataset_class.archives:
            if not obtain(archive, root, show):
                show(f"{archive.provides} is there", 1, 1)


@contextlib.contextmanager
def checking(dataset: Any) -> Iterator[None]:
    """While the block opens a dataset: how far the look through its images is; then what it is, if it is on disk."""
    with _bar() as show:
        dataset.on_progress = lambda done, total: show(f"reading {dataset.name} images", done, total)
        try:
            yield
        finally:
            dataset.on_progress = None
    if dataset.needs_root:
        facts, names = dataset.facts, dataset.options.names
        counts = f"{facts['train_images']:,} training and {counted(facts['test_images'], 'test image')}"
        typer.echo(
            f"{dataset.name}: {counts}, {counted(len(dataset.class_names), 'class', 'classes')}, {names} names",
            err=True,
        )
        _tell_of_both(dataset)
        for part in ("train", "test"):
            for deviation in dataset.deviations(part):
                typer.secho(f"warning: {dataset.name} {part} {deviation}.", fg="yellow", err=True)
            if skipped := facts[f"{part}_unreadable_skipped"]:
                typer.secho(f"warning: {skipped:,} unreadable {part} images are left out.", fg="yellow", err=True)


def _tell_of_both(dataset: Any) -> None:
    """What a comparison of the parts, and a look at the test labels, shows."""
    from bench.data.notices import copied, unmeasured

    told = [
        *unmeasured(dataset.class_names, dataset.test.judged),
        *copied(dataset.known("train"), dataset.known("test")),
    ]
    for one in told:
        typer.secho(f"warning: {dataset.name}: {one}.", fg="yellow", err=True)


@contextlib.contextmanager
def _bar(bytes_: bool = False) -> Iterator[Callable[[str, int, int], None]]:
    """A bar on standard error for each thing that is reported; none if nothing is."""
    from rich.progress import BarColumn, DownloadColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

    counted = DownloadColumn() if bytes_ else MofNCompleteColumn()
    columns = (text_column("{task.description}"), BarColumn(), counted, TimeRemainingColumn())
    bars: dict[str, Any] = {}
    progress = Progress(*columns, console=plain_console(stderr=True))

    def show(what: str, done: int, total: int) -> None:
        if not bars:
            progress.start()
        if what not in bars:
            bars[what] = progress.add_task(what, total=total)
        progress.update(bars[what], completed=done, total=total)

    try:
        yield show
    finally:
        if bars:
            progress.stop()
