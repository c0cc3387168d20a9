"""Cells in jobs that fail, are killed, are preempted and go on; the jobs are forks of this process."""

import os
import signal
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest
from helpers.trainings import QUICK, Recorder, make_cell
from helpers.worlds import soon
from submitit.local.local import LOCAL_REQUEUE_RETURN_CODE as REQUEUED

from bench.executors.driver import run_cells
from bench.executors.slurm.work import MOST_STARTS, TERMINATED, Work
from bench.records.jobs import CellJob, write_job

pytestmark = pytest.mark.slow

SHORT = {**QUICK, "epochs": 4}


def in_the_third_epoch(tmp_path: Path, scheduler) -> BaseProcess:
    """The first job, once its cell waits there for the file `go`."""
    with soon("the third epoch") as until:
        until(lambda: list(tmp_path.glob("go.*")))
    return scheduler.processes["0"]


def test_jobs_share_cells_and_the_command_hears_of_each(slurm, scheduler, store, resources, messages, assert_as_here):
    cells = [make_cell(resources, "toy_linear", percent=percent, **SHORT) for percent in (20, 40, 60)]
    bad = make_cell(resources, "toy_refusing", **SHORT)
    observer = Recorder()
    with slurm(workers=2) as executor:
        run_cells([*cells, bad], store, executor, observer)
    assert dict(observer.endings) == {**{cell.key: "done" for cell in cells}, bad.key: "failed"}
    assert sorted(observer.started) == sorted(dict(observer.endings))
    assert sorted(observer.epochs) == sorted([1, 2, 3, 4] * 3 + [1]), "every epoch of every cell, each once"
    assert messages == [f"submitted 2 jobs for 4 cells: 0, 1; output in {scheduler.folder}"]
    assert_as_here(cells[0], store)
    assert store.reason(bad.key) == "RuntimeError: the toy refuses [/on purpose]"
    job = store.job(bad.key)
    assert job.job in ("0", "1")
    assert "toy_refusing scenes partial 50% seed 0: failed RuntimeError" in Path(job.stdout).read_text()
    assert [store.job(cell.key) for cell in cells] == [None] * 3
    begun = "".join(path.read_text() for path in scheduler.folder.glob("*.out"))
    assert begun.count(": begun, ") == 4, "each cell once, the one that failed too"


def test_a_cell_whose_job_is_killed_is_given_to_another(
    slurm, scheduler, store, resources, tmp_path, messages, assert_as_here
):
    once = make_cell(resources, "toy_suicidal", file=str(tmp_path / "killed"), at=2, **SHORT)
    always = make_cell(resources, "toy_suicidal", at=0, **SHORT)
    scheduler.gone = "OUT_OF_MEMORY"
    observer = Recorder()
    with slurm(workers=1) as executor:
        run_cells([once, always], store, executor, observer)
    assert dict(observer.endings) == {once.key: "done", always.key: "failed"}
    assert "job 0 is gone (OUT_OF_MEMORY); 2 cells of it submitted again" in messages
    assert_as_here(once, store)
    lost = store.job(always.key)
    assert store.reason(always.key).endswith(f"(OUT_OF_MEMORY) and left this cell; its output is {lost.stderr}.")


def test_a_cell_of_a_cancelled_job_is_not_submitted_again(slurm, scheduler, store, resources):
    cell = make_cell(resources, "toy_suicidal", at=0, **SHORT)
    scheduler.gone = "CANCELLED"
    observer = Recorder()
    with slurm() as executor:
        run_cells([cell], store, executor, observer)
    assert len(scheduler.processes) == 1
    assert "job 0 is gone (CANCELLED) and left this cell" in observer.messages[0]


@pytest.mark.parametrize("out_of_time", [False, True])
def test_a_job_that_is_told_to_stop_asks_to_go_on(
    out_of_time, slurm, scheduler, store, resources, tmp_path, monkeypatch, assert_as_here
):
    """As Slurm tells it before a preemption, and at the end of its time."""
    monkeypatch.setattr(Work, "out_of_time", out_of_time)
    go = tmp_path / "go"
    cell = make_cell(resources, "toy_waiting", file=str(go), at=2, **SHORT)
    executor = slurm()
    executor.launch([cell])
    process = in_the_third_epoch(tmp_path, scheduler)
    os.kill(process.pid, signal.SIGUSR2)
    process.join(300)
    assert process.exitcode == REQUEUED
    assert store.state(cell.key) == "planned"
    assert [record["epoch"] for record in store.curve(cell.key)] == [1, 2]
    assert store.job(cell.key).starts == int(out_of_time), "a preemption is no fault of the cell's"
    kept = store.curve(cell.key)

    go.write_text("")
    scheduler.start("0")
    scheduler.processes["0"].join(300)
    assert store.state(cell.key) == "done"
    assert store.curve(cell.key)[:2] == kept, "what was trained was not trained again"
    assert_as_here(cell, store)


def test_a_local_job_can_be_ended(slurm, scheduler, store, resources, tmp_path):
    """By `kill`, which submitit takes no notice of."""
    cell = make_cell(resources, "toy_waiting", file=str(tmp_path / "go"), at=2, **SHORT)
    slurm().launch([cell])
    process = in_the_third_epoch(tmp_path, scheduler)
    os.kill(process.pid, signal.SIGTERM)
    process.join(300)
    assert process.exitcode == TERMINATED
    assert store.state(cell.key) == "planned"
    assert (store.folder(cell.key) / "checkpoint" / "last.pth").exists()


def test_a_cell_that_no_job_gets_any_further_fails(slurm, scheduler, store, resources):
    """Without a command that counts: the jobs of a detached one, killed or out of time one after the other."""
    cell = make_cell(resources, "toy_linear", **SHORT)
    write_job(store.folder(cell.key), CellJob("7", "node", "out", "7.err", epochs=0, starts=MOST_STARTS))
    slurm().launch([cell])
    scheduler.processes["0"].join(300)
    assert "LostWorkerError: 3 jobs began epoch 1 and none ended it" in store.reason(cell.key)
    slurm().launch([cell])
    scheduler.processes["1"].join(300)
    assert store.state(cell.key) == "done", "and is tried again when it is asked for again"


def test_an_interrupted_command_leaves_its_jobs_and_finds_them_again(
    slurm, scheduler, store, resources, tmp_path, messages
):
    go = tmp_path / "go"
    waiting = [make_cell(resources, "toy_waiting", file=str(go), at=2, seed=seed, **SHORT) for seed in range(2)]
    with slurm(workers=1) as executor:
        future = executor.submit(waiting[0])
        executor.submit(waiting[1])
        in_the_third_epoch(tmp_path, scheduler)
    assert future.cancelled()
    assert messages[-1] == "1 job not ended; `end 0` would do it."
    assert store.state(waiting[0].key) == "running"
    messages.clear()
    observer = Recorder()
    with slurm(workers=1) as executor:
        futures = [executor.submit(cell) for cell in waiting]
        with soon("the first words") as until:
            until(lambda: messages)
        go.write_text("")
        assert [future.result().ending for future in futures] == ["done", "done"]
    assert messages == ["followed: 1 job from before, for 2 cells"]
    assert list(scheduler.processes) == ["0"]
    assert observer.endings == []


def test_what_jobs_cannot_open_is_told_of_every_cell(slurm, scheduler, store, resources, monkeypatch):
    cells = [make_cell(resources, "toy_linear", percent=percent, **SHORT) for percent in (20, 40)]
    observer = Recorder()
    executor = slurm()
    executor.launch._code = "of another day"
    with executor:
        run_cells(cells, store, executor, observer)
    assert [ending for _, ending in observer.endings] == ["failed"] * 2
    assert "is not the driver's" in observer.messages[0]
    assert len(scheduler.processes) == 1


def test_a_follower_cannot_end_a_cell(slurm, store, resources):
    from bench.errors import UsageError

    cell = make_cell(resources, "toy_linear", **SHORT)
    with slurm() as executor, pytest.raises(UsageError, match="cannot be ended early"):
        executor.submit(cell, lambda epoch, record: True).result()
