"""A search that is cut off at any write into its study, before or after it, resumes to what it would have been."""

import itertools

import pytest
from helpers.search_world import FakeExecutor, Watching, a_search, opened, without_clocks
from optuna.storages.journal import JournalFileBackend

from bench.records.store import Store
from bench.studies.search.archive import cells_of
from bench.studies.search.study import Driver

TOTAL = 2


class Writes:
    """Counts what is written into studies, and raises KeyboardInterrupt at the write number `at`."""

    def __init__(self, monkeypatch, at: int = 0, after: bool = False):
        self.count = 0
        write = JournalFileBackend.append_logs

        def counted(backend, logs) -> None:
            self.count += 1
            if self.count == at and not after:
                raise KeyboardInterrupt
            write(backend, logs)
            if self.count == at:
                raise KeyboardInterrupt

        monkeypatch.setattr(JournalFileBackend, "append_logs", counted)


def a_driver_that_dies() -> Driver:
    """Its process is gone in the eyes of every other driver."""
    driver = Driver()
    driver.about.update(pid=2**22 + 1, started=0.0)
    return driver


def search(results, request, dataset) -> list[tuple]:
    cells = cells_of(Store(results))
    with FakeExecutor(cells) as executor:
        session = opened(results, request, dataset, TOTAL, driver=a_driver_that_dies())
        return without_clocks(session.run(executor, cells, Watching(), TOTAL))


@pytest.mark.slow
def test_wherever_it_is_cut_off_it_resumes_to_the_same_trials(cache, tmp_path, monkeypatch):
    request, dataset = a_search(cache, sampler="random", percents=(50,))
    with monkeypatch.context() as patch:
        writes = Writes(patch)
        straight = search(tmp_path / "straight", request, dataset)
    assert writes.count > 20
    for at, after in itertools.product(range(1, writes.count + 1), (False, True)):
        results = tmp_path / f"{at}-{after}"
        with monkeypatch.context() as patch:
            Writes(patch, at, after)
            with pytest.raises(KeyboardInterrupt):
                search(results, request, dataset)
        assert search(results, request, dataset) == straight, f"cut off {'after' if after else 'before'} write {at}"
