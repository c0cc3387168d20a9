"""A search in the store: `searches/<id>/search.json` and `trials.json`, which MLflow and plots are made from.

results/searches/
  cells/<key>/         the cells of all trials, as in the store itself, and without a test split
  <id>/search.json     the request            <id>/trials.json   every trial
  <id>/journal.log     Optuna's own storage, unless it is kept elsewhere
  <id>/plots/          optimisation history, importance, parallel coordinates, slices
  best/<hash>.yaml     the best settings of the searches of one command
"""

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from bench.records.names import plain_name, printable
from bench.records.paths import inside
from bench.records.store import Store
from bench.studies.search.outcome import TrialRecord
from bench.system.files import read_json, write_json

FOLDER = "searches"


def cells_of(results: Store) -> Store:
    """The store of the trials' cells: never read by reports or tables."""
    return Store(results.root / FOLDER)


class SearchArchive:
    """The files of one search."""

    def __init__(self, results: Path, name: str):
        self.name, self.folder = plain_name(name, "a search's name"), inside(Path(results), FOLDER, name)

    def save(self, record: Mapping[str, Any]) -> None:
        """Keep the request; a repeated request keeps the time of the first."""
        path = inside(self.folder, "search.json")
        created = read_json(path)["created"] if path.exists() else record["created"]
        write_json(path, {**record, "id": self.name, "created": created})

    def save_trials(self, trials: Sequence[TrialRecord]) -> None:
        write_json(inside(self.folder, "trials.json"), [dataclasses.asdict(trial) for trial in trials])

    @property
    def record(self) -> dict[str, Any]:
        record = printable(read_json(inside(self.folder, "search.json")))
        for axis in ("dataset", "protocol", "backbone"):
            plain_name(record[axis], f"a {axis}'s name")
        return record

    @property
    def plots(self) -> list[Path]:
        """The figures, none of them a link to another place."""
        folder = inside(self.folder, "plots")
        return [inside(folder, path.name) for path in sorted(folder.glob("*.*"))]

    @property
    def best_file(self) -> Path | None:
        """The file of best settings that holds this search's winner, the latest of several."""
        searches = self.folder.parent
        paths = (inside(searches, "best", path.name) for path in (searches / "best").glob("*.yaml"))
        files = sorted(paths, key=lambda path: path.stat().st_mtime)
        return next((path for path in reversed(files) if f" of {self.name})" in path.read_text()), None)

    @property
    def trials(self) -> list[TrialRecord]:
        path = inside(self.folder, "trials.json")
        records = printable(read_json(path)) if path.exists() else []
        return [TrialRecord(**{**trial, "failures": tuple(trial["failures"])}) for trial in records]


def archives(results: Path) -> Iterator[SearchArchive]:
    """All searches of a store, oldest first."""
    folders = [path.parent for path in (Path(results) / FOLDER).glob("*/search.json")]
    yield from sorted(
        (SearchArchive(results, folder.name) for folder in folders), key=lambda a: (a.record["created"], a.name)
    )
