"""Images to score: those of a folder, of a list, or of a table's column; what is left out has a reason."""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from PIL import Image

from bench.data.lists import read_lines
from bench.data.paths import portable
from bench.data.table_rows import PARQUET, open_rows
from bench.errors import DataError, UsageError
from bench.records.paths import inside
from bench.system.wording import shown, some

TABLES = {".csv": ",", ".tsv": "\t", **dict.fromkeys(PARQUET, ",")}
"""Endings of tables, with what separates their cells."""

IMAGE_COLUMNS = ("image", "path", "file", "filename", "file_name", "image_path", "img_path", "filepath")


@dataclass(frozen=True)
class ImageSource:
    """names: unique, in order, paths below `folder`. left_out: the reason by name. repeated: named more than once."""

    folder: Path
    names: tuple[str, ...]
    left_out: dict[str, str] = field(default_factory=dict)
    repeated: tuple[str, ...] = ()


def image_source(place: Path, column: str | None = None, folder: Path | None = None) -> ImageSource:
    """The images of a folder and of the folders in it, or those that a file names.

    column: of a table. folder: where the paths in a list or a table start; by default where the file is.
    """
    if place.is_dir():
        if column is not None or folder is not None:
            raise UsageError(f"--column and --image-root are for a list or a table; --images {place} is a folder.")
        return _of_folder(place)
    if not place.is_file():
        raise UsageError(f"--images {place}: there is no such folder or file.")
    suffix = place.suffix.lower()
    if suffix in _endings():
        raise UsageError(f"--images {place} is one image; give its folder, or a text file with a path a line.")
    if column is not None and suffix not in TABLES:
        raise UsageError(f"--column {column} is for a table; {place} is none by its ending ({', '.join(TABLES)}).")
    named = _of_table(place, column) if suffix in TABLES else (line for line in read_lines(place) if line)
    return _named(named, folder or place.parent, place)


def _of_folder(folder: Path) -> ImageSource:
    names, left_out = [], {}
    for home, folders, files in os.walk(folder):
        folders[:] = sorted(one for one in folders if not one.startswith("."))
        for file in sorted(files):
            if file.startswith("."):
                continue
            name = (Path(home) / file).relative_to(folder).as_posix()
            if Path(file).suffix.lower() in _endings():
                names.append(name)
            else:
                left_out[name] = "it is no image by its ending"
    if not names:
        raise DataError(f"{folder} holds no image file; give the folder of the images.")
    return ImageSource(folder, tuple(names), left_out)


def _of_table(source: Path, column: str | None) -> Iterator[str]:
    rows = open_rows(source, TABLES[source.suffix.lower()])
    known = [name for name in rows.columns if name.lower() in IMAGE_COLUMNS]
    chosen = column or (known[0] if known else rows.columns[0] if len(rows.columns) == 1 else None)
    if chosen not in rows.columns:
        what = "which column holds the images is not clear" if column is None else f"there is no column {shown(column)}"
        raise UsageError(f"{source}: {what}; give --column with one of {some(rows.columns, 8)}.")
    place = rows.columns.index(chosen)
    return (cells[place].strip() for _, cells in rows.rows if cells[place].strip())


def _named(paths: Iterable[str], folder: Path, source: Path) -> ImageSource:
    """Each name once; a path that leaves the folder is left out."""
    names: dict[str, None] = {}
    left_out: dict[str, str] = {}
    repeated: dict[str, None] = {}
    for path in paths:
        name = portable(path)
        if name in names:
            repeated[name] = None
            continue
        try:
            inside(folder, name)
        except DataError:
            left_out[name] = f"it leads out of the folder {folder}; see --image-root"
            continue
        names[name] = None
    if not names:
        raise DataError(f"{source} names no image in {folder}; give where its paths start with --image-root.")
    return ImageSource(folder, tuple(names), left_out, tuple(repeated))


def _endings() -> set[str]:
    """Endings of files that Pillow can read."""
    return {ending for ending, kind in Image.registered_extensions().items() if kind in Image.OPEN}
