"""What the tests of Slurm jobs share: jobs that are forks, and an executor on them."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from helpers.comparisons import assert_same_scores, assert_same_weights, losses
from helpers.forked_jobs import ForkedScheduler
from helpers.slurm_programs import SlurmPrograms, write_programs
from helpers.trainings import Recorder, make_cell
from helpers.worlds import ToyLocation

from bench.executors import Inline
from bench.executors.driver import run_cells
from bench.executors.slurm.demands import JobDemands
from bench.executors.slurm.executor import SlurmExecutor
from bench.executors.slurm.launcher import Launcher
from bench.records.store import Store


@pytest.fixture(scope="session")
def assert_as_here(resources, tmp_path_factory) -> Callable[[Any, Store], None]:
    """`assert_as_here(cell, store)`: the store has what a training in this process gives, to the last bit."""
    straight = Store(tmp_path_factory.mktemp("straight"))

    def check(cell: Any, store: Store) -> None:
        run_cells([cell], straight, Inline(resources, straight), Recorder())
        assert_same_scores(store.scores(cell.key), straight.scores(cell.key))
        assert losses(store.folder(cell.key)) == losses(straight.folder(cell.key))
        assert_same_weights(store, straight, cell.key)

    return check


@pytest.fixture(scope="session")
def warm(resources, tmp_path_factory) -> None:
    """All that a training imports and reads, before any fork."""
    store = Store(tmp_path_factory.mktemp("warm"))
    cell = make_cell(resources, "asl", epochs=1)
    assert Inline(resources, store).submit(cell).result().ending == "done"


@pytest.fixture
def scheduler(warm, tmp_path, monkeypatch) -> Iterator[ForkedScheduler]:
    monkeypatch.setattr("bench.executors.slurm.executor.STORE_POLL_SECONDS", 0.05)
    jobs = ForkedScheduler(tmp_path / "jobs")
    yield jobs
    jobs.end()


@pytest.fixture
def messages() -> list[str]:
    """Sentences for the user."""
    return []


@pytest.fixture
def slurm(scheduler, store: Store, resources, messages) -> Callable[..., SlurmExecutor]:
    """`slurm(workers=2)`: an executor whose jobs know the toys."""

    def start(workers: int = 1) -> SlurmExecutor:
        location = ToyLocation.of(resources)
        launch = Launcher(location, store, scheduler, JobDemands(minutes=60), workers=workers, say=messages.append)
        return SlurmExecutor(launch)

    return start


@pytest.fixture
def programs(tmp_path, monkeypatch) -> SlurmPrograms:
    """sbatch, srun, squeue and scontrol on the path."""
    written = write_programs(tmp_path / "programs")
    monkeypatch.setenv("PATH", str(written.folder), prepend=":")
    return written
