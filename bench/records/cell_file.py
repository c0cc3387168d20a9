"""Files of finished cells: rows, curves and scores of a store with the test labels and sweeps that they belong to."""

import hashlib
import io
import json
import re
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bench.errors import DataError
from bench.records import damage
from bench.records.cells import SCHEMA, Cell
from bench.records.names import printable
from bench.records.origin import CellOrigin
from bench.records.reader import CURVE_FILE, SCORES_FILE, StoreReader, Targets
from bench.records.rows import ROW_SCHEMA, Row
from bench.records.sweeps import SweepRecord
from bench.system.bundle import Bundle
from bench.system.bundle_writing import Content, write_bundle
from bench.system.files import DAMAGED_ARRAYS, read_arrays

CELLS_KIND, CELLS_FORMAT = "file of cells", 1
REQUIRED, OPTIONAL = ("cell.json", "row.json", SCORES_FILE), (CURVE_FILE,)
LARGEST_RECORD, LARGEST_SCORES = 2**26, 2**31
LARGEST_ARRAYS = 2**32
"""Bytes of test labels and names once they are unpacked."""

_MEMBER = re.compile(rf"cells/([0-9a-f]{{16}})/({'|'.join(map(re.escape, (*REQUIRED, *OPTIONAL)))})")
_TARGETS = re.compile(r"targets/([0-9a-f]{1,64})\.npz")
_SWEEP_FILE = re.compile(r"sweeps/([0-9a-f]{12})\.json")


@dataclass(frozen=True)
class SharedCell:
    """A cell of a file, sound in itself. files: its files' bytes by name. scores: float32 (N, C)."""

    cell: Cell
    row: Row
    files: Mapping[str, bytes]
    scores: np.ndarray


def write_cells(
    path: Path, store: StoreReader, keys: Sequence[str], made: Mapping[str, str]
) -> tuple[list[SweepRecord], int]:
    """Write these finished cells, with every sweep that one of them is in; the sweeps, and the file's bytes."""
    contents, fingerprints = [], dict[str, None]()
    for key in keys:
        store.scores(key)  # DataError where they are not what was written
        for name in (*REQUIRED, *OPTIONAL):
            if (file := store.file(key, name)).exists():
                contents.append(Content.of_file(f"cells/{key}/{name}", file))
        fingerprints[store.row(key).cell.dataset.fingerprint] = None
    for fingerprint in fingerprints:
        contents.append(Content.of_file(f"targets/{fingerprint}.npz", store.targets_file(fingerprint)))
    sweeps = [record for record in store.sweeps() if set(record.keys) & set(keys)]
    for record in sweeps:
        contents.append(Content.of(f"sweeps/{record.id}.json", json.dumps(record.to_json()).encode()))
    origins = {key: origin.to_json() for key in keys if (origin := store.origin(key))}
    write_bundle(path, CELLS_KIND, CELLS_FORMAT, {"made": dict(made), "origins": origins}, contents)
    return sweeps, path.stat().st_size


class CellFile:
    """A file of cells, whoever made it: what of it is sound is handed out, the rest is named in a sentence."""

    def __init__(self, path: Path):
        self.bundle = Bundle(path, CELLS_KIND, CELLS_FORMAT)
        self.keys = list(dict.fromkeys(m[1] for name in self.bundle.members if (m := _MEMBER.fullmatch(name))))

    def layout_problems(self) -> Iterator[str]:
        """What is wrong with the file beside its single cells."""
        try:
            self.bundle.check_layout()
        except DataError as error:
            yield str(error)
        for name in self.bundle.members:
            if not any(pattern.fullmatch(name) for pattern in (_MEMBER, _TARGETS, _SWEEP_FILE)):
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
            row = damage.row_of(json.loads(files["row.json"]), key)
            described = json.loads(files["cell.json"])
            if described["schema"] != SCHEMA or row.schema != ROW_SCHEMA:
                raise ValueError("it is of another version of bench")
            if damage.cell_of(described, key) != row.cell or row.cell.key != key:
                raise ValueError("its row is of another cell")
        except damage.MALFORMED as error:
            raise self.bundle.error(f"cell {key} is damaged ({str(error)[:120]})") from None
        for name in files.keys() & row.files.keys():
            if hashlib.sha256(files[name]).hexdigest() != row.files[name]:
                raise self.bundle.error(f"{name} of cell {key} is not that of its row")
        return SharedCell(row.cell, row, files, self._scores(key, files[SCORES_FILE]))

    def targets(self, fingerprint: str) -> Targets | None:
        """The test labels of the dataset with this fingerprint, None where the file has none."""
        name = f"targets/{fingerprint}.npz"
        if name not in self.bundle.members:
            return None
        content = self.bundle.content(name, LARGEST_SCORES)
        with self._arrays(name, content, {"ids", "labels", "class_names"}) as arrays:
            ids, labels, names = arrays["ids"], arrays["labels"], arrays["class_names"]
            texts = ids.dtype.kind == names.dtype.kind == "U" and ids.ndim == names.ndim == 1
            if not texts or labels.dtype != np.int8 or labels.shape != (len(ids), len(names)):
                raise self.bundle.error(f"{name} holds no test labels")
            return Targets(tuple(ids), labels, tuple(printable(names.tolist())))

    def sweeps(self) -> Iterator[SweepRecord | str]:
        """Each sweep, or the sentence that says what is wrong with it."""
        for name in self.bundle.members:
            if match := _SWEEP_FILE.fullmatch(name):
                try:
                    data = json.loads(self.bundle.content(name, LARGEST_RECORD))
                    record = SweepRecord.from_json(data, f"{name} of {self.bundle.path}")
                    if record.id != match[1]:
                        raise self.bundle.error(f"{name} is of the sweep {record.id}")
                    yield record
                except (ValueError, RecursionError):
                    yield f"{name} of {self.bundle.path} is no record of a sweep; it is left out."
                except DataError as error:
                    yield str(error)

    def _scores(self, key: str, content: bytes) -> np.ndarray:
        with self._arrays(f"{SCORES_FILE} of cell {key}", content, {"logits"}) as arrays:
            logits: np.ndarray = arrays["logits"]
        if logits.ndim != 2 or logits.dtype != np.float32:
            raise self.bundle.error(f"{SCORES_FILE} of cell {key} holds no scores")
        return logits

    def _arrays(self, name: str, content: bytes, expected: set[str]) -> Any:
        """The arrays of an .npz file whose size unpacked is bounded before anything of it is."""
        try:
            packed = zipfile.ZipFile(io.BytesIO(content)).infolist()
        except DAMAGED_ARRAYS:
            packed = []
        if sorted(one.filename for one in packed) != sorted(f"{one}.npy" for one in expected):
            raise self.bundle.error(f"{name} is no file of {', '.join(sorted(expected))}")
        if (size := sum(one.file_size for one in packed)) > LARGEST_ARRAYS:
            raise self.bundle.error(f"{name} holds {size:,} bytes unpacked, more than {LARGEST_ARRAYS:,}")
        return read_arrays(self.bundle.path, content)


def finished_keys(
    store: StoreReader,
    keys: Iterable[str],
    methods: Sequence[str] | None,
    percents: Sequence[int] | None,
    seeds: Sequence[int] | None,
) -> list[str]:
    """Those of the keys whose cell is done and scored on the test split, and that the filters leave."""
    chosen = []
    for key in dict.fromkeys(keys):
        if store.state(key) != "done":
            continue
        cell = store.row(key).cell
        if (
            cell.test
            and (methods is None or cell.method.name in methods)
            and (percents is None or cell.percent is None or cell.percent in percents)
            and (seeds is None or cell.seed in seeds)
        ):
            chosen.append(key)
    return chosen
