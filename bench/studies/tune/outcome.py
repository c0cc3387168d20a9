"""The trials of one method under the budget that all methods have, and the settings they led to."""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bench.errors import DataError
from bench.studies.search.outcome import WHICH_FAILED, TrialRecord, best
from bench.studies.tune.budget import HeldoutLevel, expected_best


@dataclass(frozen=True)
class Tuning:
    """The trials of one method that count, in the order in which their settings were drawn.

    search: id of the search that they are of. space: of that search, as JSON. before: the method's settings as they
    were, beside its defaults. after: those of the best trial; `before` if none came to its end.
    """

    method: str
    search: str
    space: Mapping[str, Any]
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    trials: tuple[TrialRecord, ...]

    @property
    def chosen(self) -> TrialRecord | None:
        return best(self.trials)

    @property
    def finished(self) -> int:
        return sum(trial.state == "complete" for trial in self.trials)

    @property
    def outcomes(self) -> list[HeldoutLevel]:
        return [trial.value for trial in self.trials]

    def at(self, budget: int) -> float | None:
        """The expected held-out mAP under a smaller budget; None where there is no number."""
        return expected_best(self.outcomes, budget)


def counted_trials(trials: Sequence[TrialRecord], budget: int) -> tuple[TrialRecord, ...]:
    """The first `budget` trials; one that was made again stands where the first attempt at its settings stood.

    A store may hold more, from an earlier command with a larger budget: no method may profit from that.
    """
    by_number = {trial.number: trial for trial in trials}

    def place(trial: TrialRecord) -> int:
        while trial.origin.endswith(WHICH_FAILED):
            first = by_number[int(trial.origin.removeprefix("trial ").removesuffix(WHICH_FAILED))]
            if first.number >= trial.number:
                raise DataError(f"trial {trial.number} claims to repeat trial {first.number}, which is no earlier one.")
            trial = first
        return trial.number

    ended = [trial for trial in trials if trial.state in ("complete", "pruned", "failed")]
    return tuple(trial for trial in sorted(ended, key=place) if place(trial) < budget)


def heldout_sd(trial: TrialRecord) -> float | None:
    """The standard deviation over seeds of the mean over ratios; None for fewer than two seeds."""
    by_seed: dict[int, list[float]] = {}
    for cell in trial.cells.values():
        by_seed.setdefault(cell["seed"], []).append(cell["heldout_mAP"])
    means = [statistics.fmean(values) for values in by_seed.values()]
    return statistics.stdev(means) if len(means) > 1 else None
