"""What there is to project, and whether it changed: directory look-ups only, so that asking costs almost nothing."""

import functools
import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.store import State, Store


@dataclass(frozen=True)
class Survey:
    """A look at the store. Units are named as in `RunSpec.unit`; sweeps come oldest first, so do owners.

    A cell's run hangs under the oldest sweep that asks for it, its owner; the tag `sweeps` names all of them.
    live: the newest sweep is being run by whoever asks.
    """

    store: Store
    sweeps: tuple[Mapping[str, Any], ...]
    states: Mapping[str, State]
    members: Mapping[str, tuple[str, ...]]
    live: bool

    @functools.cached_property
    def signatures(self) -> Mapping[str, str]:
        """Unit to a hash that changes whenever its run may have to change. Sweeps first, then cells, then summaries."""
        files = {key: self._files(key) for key in self.states}
        units: dict[str, Any] = {}
        for record in self.sweeps:
            told = {k: v for k, v in record.items() if k != "asked"}
            live = self.live and record["id"] == self.newest
            units[f"sweep:{record['id']}"] = [told, live, self._filled(record, None), self._report(record["id"])]
        for key, state in self.states.items():
            units[f"cell:{key}"] = [state, self.members.get(key, ()), files[key]]
        for record in self.sweeps:
            for method in record["methods"]:
                units[f"summary:{record['id']}:{method}"] = [record["entries"], self._filled(record, method)]
        return {unit: _hash([_code(), facts]) for unit, facts in units.items()}

    @property
    def newest(self) -> str:
        """The sweep that was last asked for."""
        return max(self.sweeps, key=lambda r: r.get("asked", r["created"]))["id"] if self.sweeps else ""

    def state(self, key: str) -> State:
        return self.states.get(key, "planned")

    def finished(self, record: Mapping[str, Any]) -> bool:
        """Whether every cell of the sweep is done."""
        return all(self.state(entry["key"]) == "done" for entry in record["entries"] if entry["key"])

    def ended(self, key: str) -> float | None:
        """When the cell was last heard of, in seconds since 1970."""
        found = [time for time, _ in filter(None, self._files(key))]
        return max(found) / 1e9 if found else None

    def _filled(self, record: Mapping[str, Any], method: str | None) -> list[Any]:
        entries = [e for e in record["entries"] if e["key"] and method in (None, e["method"])]
        return [[e["key"], self.state(e["key"]), _stat(self.store.folder(e["key"]) / "row.json")] for e in entries]

    def _files(self, key: str) -> list[Any]:
        return [_stat(self.store.folder(key) / name) for name in ("row.json", "curve.jsonl", "error.txt")]

    def _report(self, sweep: str) -> list[int] | None:
        return _stat(self.store.root / "reports" / sweep / "stamp.json")


def survey(store: Store, live: bool = False) -> Survey:
    """Look at the store."""
    sweeps = tuple(sorted(store.sweeps(), key=lambda record: record["created"]))
    members: dict[str, dict[str, None]] = {}
    for record in sweeps:
        for entry in record["entries"]:
            if entry["key"]:
                members.setdefault(entry["key"], {})[record["id"]] = None
    # A cell that was planned and never begun has no folder, and no run.
    begun = store.keys()
    states = {key: store.state(key) for key in begun}
    return Survey(store, sweeps, states, {key: tuple(ids) for key, ids in members.items()}, live)


def _stat(path: Path) -> list[int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return [found.st_mtime_ns, found.st_size]


def _hash(data: Any) -> str:
    return hashlib.sha256(json.dumps(data, sort_keys=True).encode()).hexdigest()[:16]


@functools.cache
def _code() -> str:
    """A hash of this package: a newer version of it looks at every run again."""
    return _hash([path.read_text() for path in _sources()])


def _sources() -> Iterator[Path]:
    yield from sorted(Path(__file__).parent.glob("*.py"))
