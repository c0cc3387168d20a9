"""A record of what was projected, beside the database: it makes "nothing changed" cheap, and is never the truth.

The truth is in the runs themselves (tags `bench.unit` and `bench.digest`); without the file they are searched.
"""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from bench.system.files import read_json, write_json
from bench.tracking.database.sqlite import query_sqlite, sqlite_path

TOKEN = "bench.store."
"""An experiment tag with this prefix and the ledger's token ties a database to the ledger."""


class LedgerEntry(NamedTuple):
    """signature: of the survey; run: the MLflow run, or "" where the unit needs none."""

    signature: str
    run: str


@dataclass
class Ledger:
    """units: what was projected. clean: False while a sync is under way, and after one that was killed."""

    path: Path
    uri: str
    token: str = field(default_factory=lambda: uuid.uuid4().hex)
    clean: bool = False
    units: dict[str, LedgerEntry] = field(default_factory=dict)

    @property
    def tag(self) -> str:
        return TOKEN + self.token

    def holds(self, signatures: Mapping[str, str]) -> bool:
        """Whether everything in the store was projected as it is."""
        return self.clean and {unit: entry.signature for unit, entry in self.units.items()} == signatures

    def save(self, clean: bool) -> None:
        self.clean = clean
        units = {unit: list(entry) for unit, entry in self.units.items()}
        write_json(self.path, {"uri": self.uri, "token": self.token, "clean": clean, "units": units})


def read_ledger(path: Path, uri: str) -> Ledger:
    """The ledger of `uri`; an empty one if there is none, or if it belongs to another database or place."""
    try:
        data = read_json(path)
        units = {unit: LedgerEntry(*entry) for unit, entry in data["units"].items()}
        ledger = Ledger(path, data["uri"], data["token"], data["clean"], units)
    except (OSError, ValueError, KeyError, TypeError):
        return Ledger(path, uri)
    known = ledger.uri == uri and has_tag(uri, ledger.tag)
    return ledger if known else Ledger(path, uri)


def has_tag(uri: str, tag: str) -> bool:
    """Whether the database has an experiment with this tag. Only sqlite is checked; a server is assumed to have it."""
    path = sqlite_path(uri)
    return path is None or bool(query_sqlite(path, "SELECT 1 FROM experiment_tags WHERE key = ? LIMIT 1", tag))
