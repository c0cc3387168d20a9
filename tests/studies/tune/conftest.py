"""Tunings that tests share."""

import pytest

from bench.studies.search.outcome import TrialRecord
from bench.studies.tune.outcome import Tuning


@pytest.fixture(autouse=True)
def nothing_waits_for_the_disk(monkeypatch) -> None:
    """Hundreds of small files a test; what a power cut would leave of them is not what is tested here."""
    monkeypatch.setattr("os.fsync", lambda descriptor: None)


@pytest.fixture
def tuning():
    """A tuning whose trials have these outcomes."""

    def make(method: str, outcomes, before=None, after=None, space=None) -> Tuning:
        trials = [
            TrialRecord(i, "failed" if value is None else "complete", {}, value) for i, value in enumerate(outcomes)
        ]
        settings = {"lr": 0.01}
        ranges = space or {"lr": {"low": 1e-4, "high": 1e-1, "log": True}}
        return Tuning(method, f"{method}-1a", ranges, before or settings, after or settings, tuple(trials))

    return make
