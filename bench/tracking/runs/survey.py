"""Survey of a store: its sweeps, cells and searches, by directory look-ups only, which cost almost nothing."""

import functools
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from bench.records.paths import inside
from bench.records.reader import StoreReader
from bench.records.states import CellState
from bench.records.sweeps import SweepRecord
from bench.report.selection import whole_sweep
from bench.studies.search.archive import SearchArchive, archives
from bench.studies.tune.archive import TuneArchive, tune_archives
from bench.system.files import read_json
from bench.tracking.runs.usage import SYSTEM

if TYPE_CHECKING:
    from bench.report import Results
    from bench.report.figures.palette import Styles


@dataclass(frozen=True)
class Survey:
    """A look at the store. Units are named as in `RunSpec.unit`; sweeps come oldest first, so do owners.

    A cell's run hangs under the oldest sweep that asks for it, its owner; the tag `sweeps` names all of them.
    live: the newest sweep is being run by the caller.
    """

    store: StoreReader
    sweeps: tuple[SweepRecord, ...]
    states: Mapping[str, CellState]
    members: Mapping[str, tuple[str, ...]]
    live: bool
    _loaded: dict[str, "Results"] = field(default_factory=dict, repr=False, compare=False)
    _styles: dict[str, "Styles"] = field(default_factory=dict, repr=False, compare=False)

    @functools.cached_property
    def variants(self) -> Mapping[str, str]:
        """What the owning sweep calls the method of each cell: `asl [lr=0.01]`."""
        named: dict[str, str] = {}
        for record in self.sweeps:
            for place, key in record.filled():
                named.setdefault(key, place.method)
        return named

    def results(self, record: SweepRecord) -> "Results":
        """The sweep's table as the report has it, read once."""
        from bench.report import read_results

        if record.id not in self._loaded:
            self._loaded[record.id] = read_results(self.store, record.id)
        return self._loaded[record.id]

    def colour(self, record: SweepRecord, method: str) -> str:
        """The method's colour in the sweep's report."""
        if record.id not in self._styles:
            self._styles[record.id] = whole_sweep(record).styles
        return self._styles[record.id][method].colour

    def running(self, record: SweepRecord) -> bool:
        """Whether cells of the sweep run, or will be run by the caller."""
        states = set(map(self.state, record.keys))
        return "running" in states or ("planned" in states and self.live and record.id == self.newest)

    @property
    def newest(self) -> str:
        """The sweep that was requested last."""
        return max(self.sweeps, key=lambda record: record.requested).id if self.sweeps else ""

    def state(self, key: str) -> CellState:
        return self.states.get(key, "planned")

    def finished(self, record: SweepRecord) -> bool:
        """Whether every cell of the sweep is done."""
        return all(self.state(key) == "done" for key in record.keys)

    def ended(self, key: str) -> float | None:
        """When the cell's files last changed, in seconds since 1970."""
        times = [written[0] for path in self.changing_files(key) if (written := when_written(path))]
        return max(times) / 1e9 if times else None

    def changing_files(self, key: str) -> list[Path]:
        """The cell's files that change while it runs, or when it ends."""
        return [self.store.file(key, name) for name in ("row.json", "curve.jsonl", "error.txt", SYSTEM)]

    def targets(self, record: SweepRecord) -> list[Path]:
        """The files of test labels that the sweep's cells are scored by."""
        fingerprints = set(map(self._fingerprints.get, record.keys))
        places = (self.store.targets_file(fingerprint) for fingerprint in fingerprints if fingerprint)
        return sorted(place for place in places if place.exists())

    @functools.cached_property
    def _fingerprints(self) -> Mapping[str, str]:
        """The dataset's fingerprint of each cell."""
        fingerprints = {}
        for key in self.states:
            try:
                fingerprints[key] = read_json(self.store.file(key, "cell.json"))["dataset"]["fingerprint"]
            except (OSError, ValueError, KeyError):
                continue  # being written, or broken: its own run says so
        return fingerprints

    def search(self, name: str) -> SearchArchive:
        return next(archive for archive in self.searches if archive.name == name)

    @functools.cached_property
    def searches(self) -> tuple[SearchArchive, ...]:
        """All searches of the store, oldest first."""
        return tuple(archives(self.store.root))

    def tuning(self, name: str) -> TuneArchive:
        return next(archive for archive in self.tunings if archive.name == name)

    @functools.cached_property
    def tunings(self) -> tuple[TuneArchive, ...]:
        """All tunings of the store."""
        return tuple(tune_archives(self.store.root))

    def reports(self, record: SweepRecord) -> dict[str, Path]:
        """The folders of the sweep's report, and of the study's if it belongs to one, by their names as artifacts."""
        root, kind = self.store.root, record.study_kind
        study = {kind: inside(root, "reports", f"{kind}-{record.id}")} if kind else {}
        return {"report": inside(root, "reports", record.id), **study}


def survey(store: StoreReader, live: bool = False) -> Survey:
    """Look at the store."""
    sweeps = tuple(sorted(store.sweeps(), key=lambda record: record.created))
    members: dict[str, dict[str, None]] = {}
    for record in sweeps:
        for key in record.keys:
            members.setdefault(key, {})[record.id] = None
    # A cell that was planned and never begun has no folder, and no run.
    begun = store.keys()
    states = {key: store.state(key) for key in begun}
    return Survey(store, sweeps, states, {key: tuple(ids) for key, ids in members.items()}, live)


def when_written(path: Path | None) -> list[int] | None:
    """The time (ns) and size of a file, None where there is none."""
    try:
        stat = path.stat() if path else None
    except OSError:
        return None
    return [stat.st_mtime_ns, stat.st_size] if stat else None
