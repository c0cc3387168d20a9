"""Tunings in the store: `reports/tune-<id>/tune.json`; with the trials of the searches it is a whole tuning again."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from bench.records.names import plain_name, printable
from bench.records.paths import inside
from bench.studies.search.archive import SearchArchive
from bench.studies.tune.outcome import Tuning, counted_trials
from bench.studies.tune.page import TUNE_RECORD, TunedField
from bench.system.files import read_json


class TuneArchive:
    """The files of one tuning. name: `tune-1a2b3c4d5e`."""

    def __init__(self, results: Path, name: str):
        self.results, self.name = Path(results), plain_name(name, "a tuning's name")
        self.folder = inside(self.results, "reports", name)

    @property
    def record(self) -> dict[str, Any]:
        record = printable(read_json(inside(self.folder, TUNE_RECORD)))
        for axis in ("dataset", "protocol", "backbone"):
            plain_name(record["how"][axis], f"a {axis}'s name")
        return record

    @property
    def methods(self) -> tuple[str, ...]:
        return tuple(self.record["methods"])

    def tuned(self) -> TunedField:
        """All methods under the budget, from the trials as they are now."""
        record = self.record
        budget = record["how"]["trials"]
        tunings = tuple(_tuning(self.results, method, facts, budget) for method, facts in record["methods"].items())
        tests = {method: (before, after) for method, (before, after) in record["tests"].items()}
        return TunedField(tunings, record["how"], record["left_out"], tests)


def _tuning(results: Path, method: str, facts: Mapping[str, Any], budget: int) -> Tuning:
    search = SearchArchive(results, facts["search"])
    trials = counted_trials(search.trials, budget)
    return Tuning(method, search.name, search.record["space"], facts["before"], facts["after"], trials)


def tune_archives(results: Path) -> Iterator[TuneArchive]:
    """All tunings of a store whose record is there, by name; those of earlier versions have none."""
    folders = sorted(path.parent for path in (Path(results) / "reports").glob(f"tune-*/{TUNE_RECORD}"))
    yield from (TuneArchive(results, folder.name) for folder in folders)
