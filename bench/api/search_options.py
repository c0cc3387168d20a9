"""Options of a search beyond the cells that it trains: its budget, sampler, pruner and space."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bench.records.cells import Judged
from bench.studies.search.samplers import check_names
from bench.studies.search.storage import refuse_memory


@dataclass(frozen=True, kw_only=True)
class SearchOptions:
    """How settings are searched.

    trials: of each method in all, those of earlier runs included. judged: by which labels held-out images are judged.
    space: a YAML file of ranges. storage: an Optuna URL; by default a file in the store. out: where the best settings
    are written; by default in the store. flags: those that a later `bench run` on the same data needs besides them.
    """

    trials: int = 20
    judged: Judged = "observed"
    space: Path | None = None
    sampler: str = "tpe"
    pruner: str = "none"
    seed: int = 0
    storage: str | None = None
    retries: int = 1
    out: Path | None = None
    flags: Mapping[str, str | bool] = field(default_factory=dict)

    def check(self) -> None:
        """UsageError for what can be seen to be wrong before anything is opened."""
        check_names(self.sampler, self.pruner)
        if self.storage is not None:
            refuse_memory(self.storage)
