"""Survey of what is to be projected, and whether it changed: directory look-ups only, which cost almost nothing."""

import dataclasses
import functools
import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.errors import DataError
from bench.records.names import inside
from bench.records.reader import CellState, StoreReader
from bench.records.sweeps import SweepRecord
from bench.report.figures import palette
from bench.report.selection import whole_sweep
from bench.studies.search.archive import SearchArchive, archives
from bench.studies.tune.archive import TuneArchive, tune_archives
from bench.system.files import read_json
from bench.tracking.system import SYSTEM

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
    def signatures(self) -> Mapping[str, str]:
        """Unit to a hash that changes whenever its run may have to change; parents come before their children."""
        files = {key: self._files(key) for key in self.states}
        units: dict[str, Any] = {}
        for record in self.sweeps:
            live = self.live and record.id == self.newest
            written = [_stat(folder / "stamp.json") for folder in self.reports(record).values()]
            known = [written, sorted(map(str, self.targets(record)))]
            units[f"sweep:{record.id}"] = [record.content(), live, self._filled(record, None), known]
        for key, state in self.states.items():
            units[f"cell:{key}"] = [state, self.members.get(key, ()), files[key]]
        for record in self.sweeps:
            places = [place.to_json() for place in record.places]
            for method in record.methods:
                facts = [places, self._filled(record, method), self.running(record)]
                units[f"summary:{record.id}:{method}"] = facts
        for archive in self.searches:
            trials = archive.trials
            fields = {name: value for name, value in archive.record.items() if name != "asked"}
            drawn = [self._plots(archive), _stat(self.best(archive))]
            units[f"search:{archive.name}"] = [fields, self.live, *map(dataclasses.asdict, trials), *drawn]
            for trial in trials:
                running = self.live and trial.state == "running"
                units[f"trial:{archive.name}:{trial.number}"] = [dataclasses.asdict(trial), running]
        for tuning in self.tunings:
            facts = self._tuned(tuning)
            units[f"tune:{tuning.name}"] = facts
            units |= {f"tuned:{tuning.name}:{method}": facts for method in _methods(tuning)}
        return {unit: _hash([_code(), facts]) for unit, facts in units.items()}

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
        times = [time for time, _ in filter(None, self._files(key))]
        return max(times) / 1e9 if times else None

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

    def _filled(self, record: SweepRecord, method: str | None) -> list[Any]:
        keys = [key for _, key in record.filled(method)]
        return [[key, self.state(key), _stat(self.store.file(key, "row.json"))] for key in keys]

    def _files(self, key: str) -> list[Any]:
        return [_stat(self.store.file(key, name)) for name in ("row.json", "curve.jsonl", "error.txt", SYSTEM)]

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

    def _tuned(self, tuning: TuneArchive) -> list[Any]:
        """What the runs of a tuning are made of."""
        trials = [_stat(archive.folder / "trials.json") for archive in self.searches]
        return [_stat(tuning.folder / "stamp.json"), trials]

    def _plots(self, archive: SearchArchive) -> list[Any]:
        return [[path.name, _stat(path)] for path in archive.plots]

    def reports(self, record: SweepRecord) -> dict[str, Path]:
        """The folders of the sweep's report, and of the study's if it belongs to one, by their names as artifacts."""
        root, kind = self.store.root, record.study_kind
        study = {kind: inside(root, "reports", f"{kind}-{record.id}")} if kind else {}
        return {"report": inside(root, "reports", record.id), **study}

    def best(self, archive: SearchArchive) -> Path | None:
        """The file of best settings that holds this search's winner, the latest of several."""
        best_folder = archive.folder.parent / "best"
        paths = (inside(archive.folder.parent, "best", path.name) for path in best_folder.glob("*.yaml"))
        files = sorted(paths, key=lambda path: path.stat().st_mtime)
        return next((path for path in reversed(files) if f" of {archive.name})" in path.read_text()), None)


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


def _methods(tuning: TuneArchive) -> tuple[str, ...]:
    """None of a tuning whose record is broken: its own run says so."""
    try:
        return tuning.methods
    except (OSError, ValueError, KeyError, TypeError, DataError):
        return ()


def _stat(path: Path | None) -> list[int] | None:
    try:
        stat = path.stat() if path else None
    except OSError:
        return None
    if stat is None:
        return None
    return [stat.st_mtime_ns, stat.st_size]


def _hash(data: Any) -> str:
    return hashlib.sha256(json.dumps(data, sort_keys=True).encode()).hexdigest()[:16]


@functools.cache
def _code() -> str:
    """A hash of this package and its colours: a newer version of it looks at every run again."""
    return _hash([path.read_text() for path in _sources()])


def _sources() -> Iterator[Path]:
    yield from sorted(Path(__file__).parent.glob("*.py"))
    yield Path(palette.__file__)
