"""Selection of the sweeps, and of their places, that a report is about."""

import functools
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bench.errors import UsageError
from bench.records.component import canonical_json
from bench.records.reader import StoreReader
from bench.records.sweeps import Place, SweepRecord
from bench.report.figures.palette import Styles, method_styles
from bench.report.merged_sweeps import merged_places, sweeps_alike
from bench.report.source import installed_method


@dataclass(frozen=True)
class Selection:
    """The places of a report. id: the folder it is written to. records: the sweeps it is made of, newest last."""

    id: str
    records: tuple[SweepRecord, ...]
    places: tuple[Place, ...]

    @property
    def newest(self) -> SweepRecord:
        return self.records[-1]

    @property
    def dataset(self) -> str:
        return self.newest.dataset

    @property
    def protocol(self) -> str:
        return self.newest.protocol

    @property
    def backbone(self) -> str:
        return self.newest.backbone

    @property
    def feed(self) -> str:
        """Where training features came from, "" for those of the plain images."""
        return self.newest.feed

    @functools.cached_property
    def notes(self) -> Mapping[str, Mapping[str, str]]:
        """The newest record's facts of each method: `reference`, `note`, and what `declared` reads."""
        return {method: note for record in self.records for method, note in record.notes.items()}

    def declared(self, method: str, fact: str) -> str:
        """The method's own `colour` or `baseline`, "" for a variant and for a method without one.

        Records of older versions do not have them: then those of the installed method are used.
        """
        if fact in self.notes.get(method, {}):
            return self.notes[method][fact]
        installed = installed_method(method)
        return str(vars(installed).get(fact, "")) if installed else ""

    @property
    def methods(self) -> tuple[str, ...]:
        """In the order of the request."""
        return tuple(dict.fromkeys(place.method for place in self.places))

    @functools.cached_property
    def styles(self) -> Styles:
        """How figures draw each method."""
        return method_styles(self.methods, {name: self.declared(name, "colour") for name in self.methods})

    @property
    def title(self) -> str:
        return ", ".join(part for part in (self.dataset, self.protocol, self.backbone, self.feed) if part)


def whole_sweep(record: SweepRecord) -> Selection:
    """All places of one sweep."""
    return Selection(record.id, (record,), record.places)


def find_sweep(store: StoreReader, sweep: str | None, having: str | None = None) -> SweepRecord:
    """The newest sweep, or the newest whose id starts with `sweep`; rather one `having` a method, if there is one."""
    records = store.sweeps()
    if not records:
        raise UsageError(f"There is no sweep in {store.root} yet; start one with `bench run`.")
    matches = [record for record in records if sweep is None or record.id.startswith(sweep)]
    if not matches:
        known = ", ".join(record.id for record in records[-8:])
        raise UsageError(f"There is no sweep {sweep!r} in {store.root}; the latest are {known}.")
    fitting = [record for record in matches if any(place.method == having for place in record.places)]
    return (fitting or matches)[-1]


def select(
    store: StoreReader,
    sweep: str | None = None,
    *,
    merge: bool = False,
    methods: Sequence[str] | None = None,
    percents: Sequence[int] | None = None,
    seeds: Sequence[int] | None = None,
    having: str | None = None,
) -> Selection:
    """The places of one sweep, or with `merge` of all that can stand in one table with it; see `read_results`."""
    record = find_sweep(store, sweep, having)
    records = sweeps_alike(store, record) if merge else (record,)
    places = tuple(merged_places(store, records) if merge else record.places)
    if methods is not None:
        unknown = set(methods) - {place.method.partition(" [")[0] for place in places}
        if unknown:
            available = ", ".join(sorted({place.method for place in places}))
            raise UsageError(f"The sweep has no method {sorted(unknown)[0]!r}; it has {available}.")
    chosen = tuple(
        place
        for place in places
        if (methods is None or place.method in methods or place.method.partition(" [")[0] in methods)
        and (percents is None or place.percent is None or place.percent in percents)
        and (seeds is None or place.seed in seeds)
    )
    if not chosen:
        raise UsageError("No place of the table is left by these filters; give others or none.")
    name = f"all-{record.dataset}-{record.protocol}-{record.backbone}" if merge else record.id
    if merge and record.feed:
        name += "-" + _digest(record.feed)
    if chosen != places:
        name += "-" + _digest([place.to_json() for place in chosen])
    return Selection(name, records, chosen)


def _digest(data: Any) -> str:
    return hashlib.sha256(canonical_json(data).encode()).hexdigest()[:6]
