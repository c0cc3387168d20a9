"""Opening of a dataset, with its progress and its differences from the papers' copy on standard error."""

import contextlib
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from bench.backbones import Backbone
from bench.data import Dataset
from bench.data.image_sizes import enlarged_sentence
from bench.data.notices import copied, unmeasured
from bench.data.pack import Pack
from bench.data.unknown import unknown_sentence
from bench.planning.packed import NO_TOWER, text_sentence
from bench.planning.ratios import USUAL_PERCENTS
from bench.planning.recipes import chosen_under
from bench.planning.request import Request
from bench.records.cells import Cell
from bench.system.console import plain_console, text_column
from bench.system.wording import counted
from protocols import PROTOCOLS


@contextlib.contextmanager
def watched(dataset: Any, quiet: bool = False) -> Iterator[None]:
    """Show the progress while the block reads the dataset, and warnings after it, on standard error unless `quiet`."""
    if quiet:
        yield
        return
    with bars() as show:
        dataset.on_progress = lambda done, total: show(f"reading {dataset.name} images", done, total)
        try:
            yield
        finally:
            dataset.on_progress = None
    if isinstance(dataset, Pack):
        _describe_pack(dataset)
    elif dataset.needs_root:
        _describe(dataset)


def _describe(dataset: Any) -> None:
    console = plain_console(stderr=True, highlight=False, soft_wrap=True)
    facts, names = dataset.facts, dataset.options.names
    counts = f"{facts['train_images']:,} training and {counted(facts['test_images'], 'test image')}"
    console.print(f"{dataset.name}: {counts}, {counted(len(dataset.class_names), 'class', 'classes')}, {names} names")
    if "unknown" in facts:
        console.print(f"{dataset.name}: {unknown_sentence(facts['unknown'], len(dataset.class_names))}")
    for notice in (
        *unmeasured(dataset.class_names, dataset.test.judged, dataset.test.complete),
        *copied(dataset.known("train"), dataset.known("test")),
    ):
        console.print(f"warning: {dataset.name}: {notice}.", style="yellow")
    for part in ("train", "test"):
        for deviation in dataset.deviations(part):
            console.print(f"warning: {dataset.name} {part} {deviation}.", style="yellow")
        if skipped := facts[f"{part}_unreadable_skipped"]:
            console.print(f"warning: {skipped:,} unreadable {part} images are left out.", style="yellow")


def _describe_pack(dataset: Pack) -> None:
    pack, console = dataset.pack, plain_console(stderr=True, highlight=False, soft_wrap=True)
    counts = f"{pack.train.images:,} training and {counted(pack.test.images, 'test image')}"
    classes = counted(len(pack.class_names), "class", "classes")
    console.print(f"{dataset.root}: features of {pack.dataset.name} ({counts}, {classes}) by {pack.backbone.name}")
    made = f"made by {pack.made.get('by', 'nobody knows whom')}, {pack.made.get('at', 'nobody knows when')[:10]}"
    console.print(f"{made}; terms: {pack.licences.get('pack', 'not stated')}")


def print_left_out(dataset: Dataset, skipped: Iterable[str]) -> None:
    """Print what runs on a pack without its text tower, and what to give for the rest."""
    if isinstance(dataset, Pack) and (reason := next((why for why in skipped if NO_TOWER in why), "")):
        console = plain_console(stderr=True, highlight=False, soft_wrap=True)
        console.print(f"warning: {text_sentence(dataset, reason)}.", style="yellow")


def print_mark(dataset: Dataset, backbone: type[Backbone]) -> None:
    """Print the flag that every number of this encoder carries, on standard error."""
    if mark := backbone.mark_on(dataset.default_backbone):
        from bench.report.tables.flags import FLAGS  # with pandas, half a second

        console = plain_console(stderr=True, highlight=False, soft_wrap=True)
        console.print(f"warning: {backbone.name} on {dataset.component.name}: {FLAGS.get(mark, mark)}.", style="yellow")


def print_no_ratio(request: Request) -> None:
    """Print that the protocol has no ratio to apply, where a user asked for other ones than the usual nine.

    request: with its protocol decided.
    """
    if PROTOCOLS.get(request.protocol).has_percent or request.percents == USUAL_PERCENTS:
        return
    ratios = ", ".join(f"{percent} %" for percent in request.percents)
    sentence = f"protocol {request.protocol} has no ratio, so {ratios} is not applied; --protocol partial hides labels"
    plain_console(stderr=True, highlight=False, soft_wrap=True).print(f"warning: {sentence}.", style="yellow")


def print_chosen_elsewhere(request: Request) -> None:
    """Print that settings were chosen for labels that are missing in another way, on standard error.

    request: with its protocol decided.
    """
    console = plain_console(stderr=True, highlight=False, soft_wrap=True)
    for recipe in sorted({variant.recipe or request.recipe for variant in request.variants}):
        if (chosen := chosen_under(recipe)) not in ("", request.protocol):
            sentence = f"the settings of {recipe} were chosen under {chosen}"
            console.print(f"warning: {sentence}, and may be far from good under {request.protocol}.", style="yellow")


def print_enlarged(dataset: Dataset, cells: Iterable[Cell]) -> None:
    """Print that the images are smaller than what the encoder takes, on standard error; nothing of drawn ones."""
    cell = next(iter(cells), None) if dataset.needs_root else None
    if cell and (sentence := enlarged_sentence(dataset.facts, cell.backbone)):
        console = plain_console(stderr=True, highlight=False, soft_wrap=True)
        console.print(f"warning: {cell.dataset.name}: {sentence}.", style="yellow")


@contextlib.contextmanager
def bars(of_bytes: bool = False) -> Iterator[Callable[[str, int, int], None]]:
    """A bar on standard error for each thing that is reported; none if nothing is."""
    from rich.progress import BarColumn, DownloadColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

    count = DownloadColumn() if of_bytes else MofNCompleteColumn()
    columns = (text_column("{task.description}"), BarColumn(), count, TimeRemainingColumn())
    tasks: dict[str, Any] = {}
    progress = Progress(*columns, console=plain_console(stderr=True))

    def show(title: str, done: int, total: int) -> None:
        if not tasks:
            progress.start()
        if title not in tasks:
            tasks[title] = progress.add_task(title, total=total)
        progress.update(tasks[title], completed=done, total=total)

    try:
        yield show
    finally:
        if tasks:
            progress.stop()
