"""Rows of a CSV file, a Parquet file or a one-hot list, as text, each with its place for error sentences."""

import csv
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.data.lists import read_lines
from bench.errors import DataError
from bench.system.wording import shown

WIDEST_TABLE = 50_000
"""Columns of one table; a file of more is no table of images."""

PARQUET = (".parquet", ".pq")


@dataclass(frozen=True)
class TableRows:
    """columns: their names. rows: (where, cells), read on demand; every row has a cell for each column."""

    columns: tuple[str, ...]
    rows: Iterator[tuple[str, Sequence[str]]]


def open_rows(source: Path, delimiter: str) -> TableRows:
    """A CSV file whose first line names the columns, or a Parquet file by its ending."""
    lines = _parquet(source) if source.suffix.lower() in PARQUET else _csv(source, delimiter)
    _, header = next(lines)
    columns = tuple(name.strip() for name in header)
    twice = next((name for i, name in enumerate(columns) if name in columns[:i]), None) if columns else ""
    if len(columns) > WIDEST_TABLE:
        raise DataError(f"{source} has {len(columns):,} columns; a table has at most {WIDEST_TABLE:,}.")
    if twice is not None:
        raise DataError(
            f"{source} has two columns {shown(twice)}; the first line must name every column once (a list without such "
            "a line is read with table.format=one_hot)."
        )
    return TableRows(columns, lines)


def one_hot_rows(source: Path, classes: Sequence[str]) -> TableRows:
    """Lines `image 0 0 1 ...` with a value for every class, as HashNet's lists are; nothing names the columns."""

    def rows() -> Iterator[tuple[str, Sequence[str]]]:
        for number, line in enumerate(read_lines(source), start=1):
            cells = line.rsplit(maxsplit=len(classes))
            if len(cells) != len(classes) + 1:
                raise DataError(
                    f"{source}, line {number}: {shown(line)} is no image and {len(classes)} values, one for each class."
                )
            yield f"line {number}", cells

    return TableRows(("image", *classes), rows())


def _csv(source: Path, delimiter: str) -> Iterator[tuple[str, Sequence[str]]]:
    if len(delimiter) != 1:
        raise DataError(f"table.delimiter is {shown(delimiter)}; give one character, or tab.")
    try:
        with source.open(encoding="utf-8-sig", newline="") as file:
            reader, width = csv.reader(file, delimiter=delimiter, strict=True), -1
            for row in reader:
                if not row:
                    continue
                if width < 0:
                    width = len(row)
                if len(row) != width:
                    raise DataError(
                        f"{source}, line {reader.line_num}: {len(row)} cells, but the first line names {width} columns."
                    )
                yield f"line {reader.line_num}", row
    except FileNotFoundError:
        raise DataError(f"{source} is missing; put the table there, or name it with the dataset's options.") from None
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{source} cannot be read as CSV ({error}); save it as UTF-8 text.") from None
    if width < 0:
        raise DataError(f"{source} is empty; a table has a line that names its columns, and a line an image.")


def _parquet(source: Path) -> Iterator[tuple[str, Sequence[str]]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(source) as file:
            yield "the columns", file.schema_arrow.names
            number = 0
            for batch in file.iter_batches(batch_size=4096):
                for row in zip(*(column.to_pylist() for column in batch.columns), strict=True):
                    number += 1
                    yield f"row {number}", [cell_text(value) for value in row]
    except FileNotFoundError:
        raise DataError(f"{source} is missing; put the table there, or name it with the dataset's options.") from None
    except (OSError, pa.ArrowException, UnicodeDecodeError) as error:
        raise DataError(f"{source} cannot be read as Parquet ({str(error).splitlines()[0]}).") from None


def cell_text(value: Any) -> str:
    """A value as a CSV file would have it; nothing for a missing one.

    >>> cell_text(None), cell_text(1.0), cell_text(float("nan")), cell_text(False)
    ('', '1', '', 'false')
    """
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)
