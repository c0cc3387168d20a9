"""A file of cells read back, whoever made it: what of it is sound is handed out, the rest is named."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bench.errors import DataError
from bench.records.cell_file.arrays import read_scores, read_targets
from bench.records.cell_file.layout import (
    CELLS_FORMAT,
    CELLS_KIND,
    LARGEST_RECORD,
    LARGEST_SCORES,
    MEMBER,
    OPTIONAL,
    REQUIRED,
    SWEEP_MEMBER,
    TARGETS_MEMBER,
)
from bench.records.cells import SCHEMA, Cell
from bench.records.layout import SCORES_FILE
from bench.records.origin import CellOrigin
from bench.records.reader import Targets
from bench.records.rows import ROW_SCHEMA, Row
from bench.records.sealed import MALFORMED, cell_of, row_of
from bench.records.sweep_file import sweep_of
from bench.records.sweeps import SweepRecord
from bench.system.bundle import Bundle


@dataclass(frozen=True)
class SharedCell:
    """A cell of a file, sound in itself. files: its files' bytes by name. scores: float32 (N, C)."""

    cell: Cell
    row: Row
    files: Mapping[str, bytes]
    scores: np.ndarray


class CellFile:
    """A file of cells, whoever made it: what of it is sound is handed out, the rest is named in a sentence."""

    def __init__(self, path: Path):
        self.bundle = Bundle(path, CELLS_KIND, CELLS_FORMAT)
        self.keys = list(dict.fromkeys(m[1] for name in self.bundle.members if (m := MEMBER.fullmatch(name))))

    def layout_problems(self) -> Iterator[str]:
        """What is wrong with the file beside its single cells."""
        try:
            self.bundle.check_layout()
        except DataError as error:
            yield str(error)
        for name in self.bundle.members:
            if not any(pattern.fullmatch(name) for pattern in (MEMBER, TARGETS_MEMBER, SWEEP_MEMBER)):
                yield f"{name} is no file of a cell, of test labels or of a sweep; it is left out."

    def origin(self, key: str) -> CellOrigin:
        """Who made the cell: whoever the file says, who may have had it from others."""
        made, origins = self.bundle.record.get("made"), self.bundle.record.get("origins")
        earlier = origins.get(key) if isinstance(origins, dict) else None
        return CellOrigin.from_json(earlier if isinstance(earlier, dict) else made if isinstance(made, dict) else {})

    def cell(self, key: str) -> SharedCell:
        """DataError, which names what is wrong, where the cell is not what was written, or cannot be."""
        files = {}
        for name in (*REQUIRED, *OPTIONAL):
            member = f"cells/{key}/{name}"
            if name in REQUIRED or member in self.bundle.members:
                files[name] = self.bundle.content(member, LARGEST_SCORES if name == SCORES_FILE else LARGEST_RECORD)
        try:
            row = row_of(json.loads(files["row.json"]), key)
            described = json.loads(files["cell.json"])
            if described["schema"] != SCHEMA or row.schema != ROW_SCHEMA:
                raise ValueError("it is of another version of bench")
            if cell_of(described, key) != row.cell or row.cell.key != key:
                raise ValueError("its row is of another cell")
        except MALFORMED as error:
            raise self.bundle.error(f"cell {key} is damaged ({str(error)[:120]})") from None
        for name in files.keys() & row.files.keys():
            if hashlib.sha256(files[name]).hexdigest() != row.files[name]:
                raise self.bundle.error(f"{name} of cell {key} is not that of its row")
        return SharedCell(row.cell, row, files, read_scores(self.bundle, key, files[SCORES_FILE]))

    def targets(self, fingerprint: str) -> Targets | None:
        """The test labels of the dataset with this fingerprint, None where the file has none."""
        name = f"targets/{fingerprint}.npz"
        if name not in self.bundle.members:
            return None
        content = self.bundle.content(name, LARGEST_SCORES)
        return read_targets(self.bundle, name, content)

    def sweeps(self) -> Iterator[SweepRecord | str]:
        """Each sweep, or the sentence that says what is wrong with it."""
        for name in self.bundle.members:
            if match := SWEEP_MEMBER.fullmatch(name):
                try:
                    data = json.loads(self.bundle.content(name, LARGEST_RECORD))
                    record = sweep_of(data, f"{name} of {self.bundle.path}")
                    if record.id != match[1]:
                        raise self.bundle.error(f"{name} is of the sweep {record.id}")
                    yield record
                except (ValueError, RecursionError):
                    yield f"{name} of {self.bundle.path} is no record of a sweep; it is left out."
                except DataError as error:
                    yield str(error)
