"""A dataset from a user's own table: a column of image paths and a column a class, or one column of class names."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

import numpy as np

from bench.data.base import DATASETS
from bench.data.cell_values import CELL_MEANINGS, EMPTY, Cells, Empty, encode, labels_of
from bench.data.folder import DataPart, FolderDataset, FolderOptions
from bench.data.listing import Listing
from bench.data.lists import read_names
from bench.data.table_rows import PARQUET, TableRows, one_hot_rows, open_rows
from bench.errors import DataError
from bench.settings.config import setting
from bench.system.wording import counted, listed, shown, some


@dataclass(frozen=True, kw_only=True)
class TableOptions(FolderOptions):
    """The table, its columns, and how images are split."""

    file: str = setting("table.csv", "the table: CSV, or Parquet by its ending")
    test: str = setting("", "a second table with the test images; empty: the first table holds both")
    format: Literal["columns", "one_hot"] = setting(
        "columns", "columns: the first line names them; one_hot: lines 'image 0 1 0', names from the file of classes"
    )
    delimiter: str = setting(",", "what separates the cells of a CSV file: one character, or tab")
    image: str = setting("", "the column of image paths; empty: the first")
    ending: str = setting("", "what is added to each image path, such as .jpg")
    folder: str = setting("", "the folder that image paths start from; empty: the root")
    classes: str = setting(
        "", "file of class names, one a line: these columns, in that order; empty: all other columns"
    )
    ignore: str = setting("", "columns that are no classes, separated by commas")
    cells: Cells = setting("auto", CELL_MEANINGS)
    empty: Empty = setting("auto", EMPTY)
    labels: str = setting("", "the column of class names, where one column holds them all")
    separator: str = setting("", "what separates the names in that column")
    split: str = setting(
        "", "the column that says which part an image belongs to; other values than these two leave out"
    )
    train_value: str = setting("train", "what that column holds for training images")
    test_value: str = setting("test", "what it holds for test images")
    test_share: int = setting(20, "per cent of images drawn as test images where nothing else splits", ge=1, le=99)
    split_seed: int = setting(0, "seed of that draw", ge=0)


@DATASETS.register("table")
class TableDataset(FolderDataset):
    """Your own images and a table (CSV, Parquet) of what is known: 1, 0 or nothing for each image and class."""

    Options = TableOptions
    users_own = True
    layout = "the images and the table (table.csv, or what table.file names)"
    options: TableOptions

    def sources(self, part: DataPart) -> Sequence[Path]:
        table = self.options.test if part == "test" and self.options.test else self.options.file
        names = [self.folder / self.options.classes] if self.options.classes else []
        return (self.folder / table, *names)

    def image_folder(self, part: DataPart) -> Path:
        return self.folder / self.options.folder

    def read(self, part: DataPart) -> Listing:
        source = self.sources(part)[0]
        ids, parts, labels = self._parsed(source, part)
        if parts is None:
            parts = [part if self.options.test else self._drawn(name) for name in ids]
        rows = np.array([one == part for one in parts], bool)
        if not rows.any():
            raise DataError(f"{source} has no {part} image; {self._advice(part)}")
        return Listing(tuple(name for name, one in zip(ids, rows, strict=True) if one), labels[rows], self._classes)

    def _drawn(self, image: str) -> DataPart:
        """By the image's name alone: an image stays in its part when others come or go."""
        digest = hashlib.sha256(f"{self.options.split_seed} {image}".encode()).digest()
        return "test" if int.from_bytes(digest[:8], "big") < 2**64 * self.options.test_share / 100 else "train"

    def _advice(self, part: DataPart) -> str:
        if self.options.split:
            value = self.options.train_value if part == "train" else self.options.test_value
            return (
                f"no cell of {shown(self.options.split)} is {shown(value)}: see table.train_value and table.test_value."
            )
        return "give more images, or another table.test_share."

    @cached_property
    def _classes(self) -> tuple[str, ...]:
        """From the file of classes, the columns of the training table, or the names that its cells hold."""
        if self.options.classes:
            return read_names(self.folder / self.options.classes)
        source = self.sources("train")[0]
        if self.options.format == "one_hot":
            raise DataError("table.format=one_hot needs the class names; give a file of them with table.classes.")
        rows = self._open(source)
        if not self.options.labels:
            return self._class_columns(rows, source)
        column = self._column(rows, self.options.labels, source)
        names = sorted({name for _, cells in rows.rows for name in self._names(cells[column])})
        if not names:
            raise DataError(f"the column {shown(self.options.labels)} of {source} holds no class name.")
        return tuple(names)

    def _class_columns(self, rows: TableRows, source: Path) -> tuple[str, ...]:
        others = [self._image_column(rows, source), *([self.options.split] if self.options.split else [])]
        for name in (ignored := listed(self.options.ignore)):
            self._column(rows, name, source)
        classes = tuple(name for name in rows.columns if name not in others and name not in ignored)
        if not classes:
            hint = "; is the delimiter another? (table.delimiter)" if len(rows.columns) == 1 else ""
            raise DataError(f"{source} has no column of a class beside {some(rows.columns)}{hint}.")
        return classes

    def _open(self, source: Path) -> TableRows:
        if self.options.format == "one_hot" and source.suffix.lower() not in PARQUET:
            return one_hot_rows(source, self._classes)
        return open_rows(source, "\t" if self.options.delimiter == "tab" else self.options.delimiter)

    def _image_column(self, rows: TableRows, source: Path) -> str:
        name = self.options.image or rows.columns[0]
        self._column(rows, name, source)
        return name

    def _column(self, rows: TableRows, name: str, source: Path) -> int:
        if name not in rows.columns:
            raise DataError(f"{source} has no column {shown(name)}; its columns are {some(rows.columns, 8)}.")
        return rows.columns.index(name)

    def _names(self, cell: str) -> list[str]:
        if not self.options.separator:
            raise DataError("table.labels needs table.separator: what separates the names, such as ';'.")
        return [name for part in cell.split(self.options.separator) if (name := part.strip())]

    def _parsed(self, source: Path, part: DataPart) -> tuple[list[str], list[str] | None, np.ndarray]:
        """Image names, what the split column says of them ("train", "test" or "" for neither), labels int8 (N, C).

        None instead of all parts where there is no such column; a second table, of test images, may do without.
        """
        rows = self._open(source)
        image = self._column(rows, self._image_column(rows, source), source)
        may_lack_it = part == "test" and self.options.test and self.options.split not in rows.columns
        split = self._column(rows, self.options.split, source) if self.options.split and not may_lack_it else None
        part_of = {self.options.train_value: "train", self.options.test_value: "test"}
        ids: list[str] = []
        parts: list[str] = []

        def remembered() -> Iterator[tuple[str, Sequence[str]]]:
            for where, cells in rows.rows:
                ids.append(cells[image].strip() + self.options.ending if cells[image].strip() else "")
                parts.append("" if split is None else part_of.get(cells[split].strip(), ""))
                yield f"{source}, {where}", cells

        read = self._from_names if self.options.labels else self._from_columns
        labels = read(TableRows(rows.columns, remembered()), source)
        if not ids:
            raise DataError(f"{source} names no image; a table has a line an image.")
        return ids, None if split is None else parts, labels

    def _from_columns(self, rows: TableRows, source: Path) -> np.ndarray:
        places = [self._column(rows, name, source) for name in self._classes]
        coded = bytearray()
        for where, cells in rows.rows:
            coded += encode([cells[place] for place in places], self._classes, where)
        matrix = np.frombuffer(bytes(coded), np.uint8).reshape(-1, len(places))
        return labels_of(matrix, self.options.cells, self.options.empty, source)

    def _from_names(self, rows: TableRows, source: Path) -> np.ndarray:
        if self.options.empty == "auto" and self.options.separator:
            raise DataError(
                f"what the column {shown(self.options.labels)} leaves out can be absent or unknown; say which with "
                "table.empty=absent or table.empty=unknown."
            )
        column, place = (
            self._column(rows, self.options.labels, source),
            {name: i for i, name in enumerate(self._classes)},
        )
        rest = np.int8(-1 if self.options.empty == "absent" else 0)
        coded: list[np.ndarray] = []
        for where, cells in rows.rows:
            row = np.full(len(place), rest, np.int8)
            for name in self._names(cells[column]):
                if name not in place:
                    raise DataError(
                        f"{where}: {shown(name)} is none of the {counted(len(place), 'class', 'classes')} "
                        f"({some(tuple(place))}); add it to the file of classes (table.classes)."
                    )
                row[place[name]] = 1
            coded.append(row)
        return np.array(coded, np.int8).reshape(-1, len(place))
