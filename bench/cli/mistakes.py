"""`bench show --errors`: the test images that finished cells get wrong."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from bench.system.console import plain_console

if TYPE_CHECKING:
    from rich.table import Table

    from bench.mistakes import Mistakes, WrittenMistakes

TERMINAL_CLASSES = 30
"""Classes in the terminal."""


def show_mistakes(
    prefixes: Sequence[str],
    *,
    results: Path,
    cache: Path,
    classes: Sequence[str],
    images: int | None,
    root: Path | None,
    out: Path | None,
    as_json: bool,
) -> None:
    """Write the page of the cells whose keys begin so, and print the worst image of each class."""
    from bench.mistakes import PER_CLASS, mistakes_record, write_mistakes
    from bench.records.find import find_finished
    from bench.records.store import existing_store

    store = existing_store(results)
    cells = [find_finished(store, prefix) for prefix in prefixes]
    count = PER_CLASS if images is None else images
    written = write_mistakes(store, cells, cache, classes=classes, count=count, root=root, out=out)
    if as_json:
        files = {} if written.page is None else {"html": str(written.page)}
        typer.echo(json.dumps({**mistakes_record(written.mistakes), "files": files, "warnings": written.warnings}))
    else:
        _tell(written)


def _tell(written: "WrittenMistakes") -> None:
    console, mistakes = plain_console(highlight=False), written.mistakes
    for part in (_table(mistakes), *_sentences(mistakes)):
        console.print(part, soft_wrap=isinstance(part, str))
    if written.page is not None:
        console.print(f"page {written.page}", soft_wrap=True)
    for warning in written.warnings:
        typer.secho(f"warning: {warning}.", fg="yellow", err=True)


def _table(mistakes: "Mistakes") -> "Table":
    """A line for each class and cell: how many images are wrong, and the worst of each kind with its rank."""
    from rich.table import Table

    from bench.mistakes.entries import worst_images
    from bench.mistakes.wrong_images import KINDS

    several = len(mistakes.rows) > 1
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0) if several else (0, 2, 0, 0))
    table.add_column("class", overflow="fold")
    if several:
        table.add_column("cell", overflow="fold")
    for column in ("present", "wrong", *(["both"] if several else [])):
        table.add_column(column, justify="right", no_wrap=True)
    for heading in ("highest-scored absent", "rank", "lowest-scored present", "rank"):
        table.add_column(heading, justify="right" if heading == "rank" else "left", overflow="fold")
    for one in mistakes.classes[:TERMINAL_CLASSES]:
        both = sum(len(one.shared[kind].all) for kind in KINDS)
        for cell, name in enumerate(mistakes.names):
            ranking = one.rankings[cell]
            worst = [worst_images(one, cell, kind, mistakes)[:1] for kind in KINDS]
            places = [text for first in worst for text in _worst(first)]
            counts = [ranking.positives, int(ranking.wrong.sum()), *([both] if several else [])]
            first_line = not cell
            table.add_row(
                one.name if first_line else "", *([name] if several else []), *(f"{n:,}" for n in counts), *places
            )
    return table


def _worst(first: Sequence) -> tuple[str, str]:
    return (first[0].image, f"{first[0].rank:,}") if first else ("-", "")


def _sentences(mistakes: "Mistakes") -> list[str]:
    from bench.mistakes.label_errors import maybe_missing_rows
    from bench.system.wording import counted

    lines = [
        "",
        "wrong: with P present images, an absent one among the P highest scores, or a present one that is not.",
    ]
    if len(mistakes.classes) > TERMINAL_CLASSES:
        lines.append(f"{len(mistakes.classes) - TERMINAL_CLASSES:,} more classes; the page and --json have them.")
    if mistakes.unknown:
        lines.append(f"{mistakes.unknown:,} of {mistakes.entries:,} entries are unknown and no mistakes.")
    suspects = sum(len(maybe_missing_rows(one.rankings)) for one in mistakes.classes)
    absent = sum(int((~one.rankings[0].present).sum()) for one in mistakes.classes)
    by = ", by both cells" if len(mistakes.rows) > 1 else ""
    lines.append(
        f"{suspects:,} of {counted(absent, 'absent label')} may be missing: they score at least the mean of the "
        f"class's present images{by}. A hint, not a verdict."
    )
    return lines
