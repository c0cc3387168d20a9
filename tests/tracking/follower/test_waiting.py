"""The end of a run waits for its MLflow process as long as that works, and not when it is silent."""

import os
from collections.abc import Iterable
from types import SimpleNamespace

import pytest

from bench.records.store import Store
from bench.tracking.follower import waiting
from bench.tracking.follower.follower import Follower
from bench.tracking.follower.waiting import BEAT, SILENCE_SECONDS

pytestmark = pytest.mark.slow


def scripted(monkeypatch, store: Store, events: Iterable[tuple[float, bytes | None]]) -> Follower:
    """A follower whose process does what the script says, on a clock that nothing else moves.

    events: seconds until something happens, and what is heard then: None is nothing, no bytes the end.
    """
    clock, script, (reads, writes) = [0.0], iter(events), os.pipe()

    def select(pipes: list[int], *_: object) -> tuple[list[int], list, list]:
        seconds, words = next(script)
        clock[0] += seconds
        if words is None:
            return [], [], []
        if words:
            os.write(writes, words)
        else:
            os.close(writes)
        return pipes, [], []

    monkeypatch.setattr(waiting, "select", SimpleNamespace(select=select))
    monkeypatch.setattr(waiting, "time", SimpleNamespace(monotonic=lambda: clock[0]))
    follower = Follower(store)
    pipe = os.fdopen(reads, "rb")
    follower.process = SimpleNamespace(stdout=pipe, stdin=None, wait=lambda seconds: 1, poll=lambda: 1)
    return follower


def test_who_works_is_waited_for(finished, monkeypatch):
    beats = [(0.9 * SILENCE_SECONDS, BEAT)] * 10
    lines: list[str] = []
    assert scripted(monkeypatch, finished, [*beats, (1, b"at last"), (1, b"")]).finish(lines.append) == "at last"
    assert len(lines) == 1
    assert lines[0].startswith("waiting for the MLflow database sqlite:///")


def test_who_ends_soon_is_not_told_to_be_waited_for(finished, monkeypatch):
    lines: list[str] = []
    assert scripted(monkeypatch, finished, [(1, b"why"), (0.5, b"")]).finish(lines.append) == "why"
    assert not lines


def test_who_is_silent_is_not_waited_for(finished, monkeypatch):
    events = [(0.9 * SILENCE_SECONDS, BEAT), (0.9 * SILENCE_SECONDS, None), (0.2 * SILENCE_SECONDS, None)]
    problem = scripted(monkeypatch, finished, events).finish()
    assert problem.startswith("The MLflow database sqlite:///")
    assert "has not answered for 10 s; the results are safe in the store" in problem


def test_who_works_for_ever_is_not_waited_for(finished, monkeypatch):
    problem = scripted(monkeypatch, finished, [(5, BEAT)] * 13).finish(longest=60)
    assert problem == "MLflow was not done within 60 s; run `bench sync` to bring it up to date."
