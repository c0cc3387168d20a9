"""From finished cells to the page of their mistakes."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.errors import UsageError
from bench.mistakes.cells import Mistakes, read_mistakes
from bench.mistakes.page import IMAGE_LIMIT, mistakes_page, shown_rows
from bench.mistakes.pictures import read_pictures
from bench.records.cells import Cell
from bench.records.find import refuse_apart
from bench.records.names import printable, short_name
from bench.records.paths import inside
from bench.records.reader import StoreReader
from bench.system.disk import REFUSED
from bench.system.files import write_text
from bench.system.wording import some

PER_CLASS = 5
"""Images of each kind that are shown of a class."""


@dataclass(frozen=True)
class WrittenMistakes:
    """page: None where it may not be written. warnings: sentences that must stand beside what is shown."""

    mistakes: Mistakes
    page: Path | None
    warnings: tuple[str, ...]


def write_mistakes(
    store: StoreReader,
    cells: Sequence[Cell],
    cache: Path,
    *,
    classes: Sequence[str] = (),
    count: int = PER_CLASS,
    root: Path | None = None,
    out: Path | None = None,
) -> WrittenMistakes:
    """The page of one cell, or of two beside each other, in the first one's folder or in `out`.

    count: images of each kind that are shown of a class. root: where the dataset's files are; without them the page has
    no thumbnails.
    """
    refuse_apart(cells)
    mistakes = read_mistakes(store, cells, classes, count)
    rows = shown_rows(mistakes)
    if len(rows) > IMAGE_LIMIT:
        raise UsageError(
            f"the page would show {len(rows):,} images, and may show {IMAGE_LIMIT:,}; give a smaller --images, or "
            "--classes."
        )
    pictures = read_pictures(cells[0].dataset, mistakes.targets, rows, root, cache)
    warnings = list(pictures.problems)
    if pictures.unreadable:
        names = some(printable(list(pictures.unreadable)))
        warnings.append(f"{len(pictures.unreadable):,} of {len(rows):,} images could not be read: {names}")
    folder = out or store.folder(cells[0].key)
    page: Path | None = None
    try:
        place = inside(folder, page_name(cells, classes))
        write_text(place, mistakes_page(mistakes, pictures))
        page = place
    except OSError as error:
        if out or error.errno not in REFUSED:
            raise
        warnings.append(f"the page was not written, since {folder} may not be ({error.strerror}): give --out")
    return WrittenMistakes(mistakes, page, tuple(warnings))


def page_name(cells: Sequence[Cell], classes: Sequence[str]) -> str:
    """The page's file name: `mistakes`, the other cell, and the classes that were asked for."""
    parts = ("mistakes", *(f"with-{cell.key}" for cell in cells[1:]), *classes)
    plain = "-".join("".join(c if c.isalnum() or c == "-" else "_" for c in part) for part in parts)
    return f"{short_name(plain)}.html"
