"""Output files, whole or absent: CSV, Parquet or JSON lines by the ending; batches are written as they come."""

import contextlib
import io
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from bench.errors import UsageError
from bench.prediction.forms import ResultForm
from bench.system.files import atomic
from bench.system.spreadsheet import csv_writer

Write = Callable[[Sequence[str], np.ndarray], None]
"""Takes names of B images and their scores (B, C)."""

ROW_GROUP = 4096


@contextlib.contextmanager
def result_file(path: Path, form: ResultForm, about: Mapping[str, Any]) -> Iterator[Write]:
    """Give a function that appends a batch; the file takes its place when the block has ended well.

    about: what a Parquet file says of itself in its metadata.
    """
    kind = _kind(path)
    with atomic(path) as file, kind(file, form, about) as write:
        yield write


def refuse_ending(path: Path) -> None:
    """UsageError for an unknown file ending."""
    _kind(path)


def sidecar(path: Path) -> Path:
    """The path of the record beside a result."""
    return path.with_name(f"{path.name}.json")


@contextlib.contextmanager
def _csv(file: BinaryIO, form: ResultForm, about: Mapping[str, Any]) -> Iterator[Write]:
    text = io.TextIOWrapper(file, encoding="utf-8", newline="")
    write_lines = csv_writer(text)
    write_lines([form.columns])
    yield lambda names, scores: write_lines(form.rows(names, scores))
    text.flush()
    text.detach()


@contextlib.contextmanager
def _json_lines(file: BinaryIO, form: ResultForm, about: Mapping[str, Any]) -> Iterator[Write]:
    def write(names: Sequence[str], scores: np.ndarray) -> None:
        for record in form.records(names, scores):
            file.write((json.dumps(record, ensure_ascii=False, allow_nan=False) + "\n").encode())

    yield write


@contextlib.contextmanager
def _parquet(file: BinaryIO, form: ResultForm, about: Mapping[str, Any]) -> Iterator[Write]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    kinds = {"text": pa.string(), "number": pa.float32(), "label": pa.int8()}
    fields = [pa.field(name, kinds[kind]) for name, kind in form.columns.items()]
    schema = pa.schema(fields, metadata={"bench": json.dumps(about)})
    waiting: list[list[Any]] = []
    with pq.ParquetWriter(file, schema) as table:

        def flush() -> None:
            columns = zip(*waiting, strict=True)
            table.write_table(
                pa.table([pa.array(list(c), f.type) for c, f in zip(columns, fields, strict=True)], schema)
            )
            waiting.clear()

        def write(names: Sequence[str], scores: np.ndarray) -> None:
            waiting.extend(form.rows(names, scores))
            if len(waiting) >= ROW_GROUP:
                flush()

        yield write
        if waiting:
            flush()


_KINDS = {".csv": _csv, ".parquet": _parquet, ".pq": _parquet, ".jsonl": _json_lines, ".ndjson": _json_lines}


def _kind(path: Path) -> Any:
    kind = _KINDS.get(path.suffix.lower())
    if kind is None:
        raise UsageError(f"--out {path}: the ending says the format; give .csv, .parquet or .jsonl.")
    if path.is_dir():
        raise UsageError(f"--out {path} is a folder; give a file.")
    return kind
