"""Calls of Slurm's programs and what is made of their answers, with programs of its names on the path."""

import getpass
import pickle
import sys

import pytest

from bench.errors import UsageError
from bench.executors.slurm import slurm_scheduler as module
from bench.executors.slurm.demands import JobDemands
from bench.executors.slurm.local_scheduler import LocalScheduler
from bench.executors.slurm.schedulers import refuse_no_scheduler
from bench.executors.slurm.slurm_scheduler import SlurmScheduler
from bench.executors.slurm.submitit_jobs import signal_delay

FULL = JobDemands(
    minutes=90,
    cpus=4,
    gpus=2,
    memory=12.5,
    partition="long",
    options={"account": "vision lab", "exclusive": True, "mem": "64G", "gpus-per-node": "a100:1"},
)


def test_the_script_asks_for_what_was_demanded(programs, tmp_path):
    scheduler = SlurmScheduler(tmp_path / "jobs", FULL)
    assert scheduler.submit(len, 3) == ["4711_0", "4711_1", "4711_2"]
    flags = programs.flags
    expected = {
        "array": "0-2%3",
        "time": "90",
        "cpus-per-task": "4",
        "partition": "long",
        "gpus-per-node": "a100:1",
        "mem": "64G",
        "account": "'vision lab'",
        "exclusive": "",
        "requeue": "",
        "signal": "USR2@90",
        "open-mode": "append",
        "job-name": "bench",
        "nodes": "1",
        "output": f"{tmp_path}/jobs/%A_%a_0_log.out",
        "error": f"{tmp_path}/jobs/%A_%a_0_log.err",
    }
    assert flags == expected, "nothing else: no wckey, no second --mem"
    assert programs.command.startswith("srun --unbuffered")
    assert "--cpus-per-task=4" in programs.command
    assert f"{sys.executable} -u -m submitit.core._submit {tmp_path}/jobs" in programs.command
    works = [pickle.loads(path.read_bytes()) for path in (tmp_path / "jobs").glob("*_submitted.pkl")]
    assert [work.function for work in works] == [len] * 3


def test_what_is_not_demanded_is_left_to_the_cluster(programs, tmp_path):
    SlurmScheduler(tmp_path / "jobs", JobDemands(minutes=5, memory=0)).submit(len, 1)
    assert "mem" not in programs.flags
    assert SlurmScheduler(tmp_path / "jobs", JobDemands(minutes=5, memory=0.75)).submit(len, 1) == ["4711"]
    flags = programs.flags
    assert {"partition", "gpus-per-node", "array"}.isdisjoint(flags)
    assert (flags["mem"], flags["time"]) == ("768M", "5")
    assert flags["signal"] == f"USR2@{signal_delay(5)}" == "USR2@60", "a short job is warned later"


def test_what_sbatch_refuses_is_told_in_its_words(programs, tmp_path, capsys):
    programs.write(
        "sbatch",
        'echo "sbatch: error: invalid partition specified: long" >&2\n'
        'echo "sbatch: error: Batch job submission failed: Invalid partition name specified" >&2; exit 1',
    )
    with pytest.raises(UsageError, match="sbatch refused the jobs") as refused:
        SlurmScheduler(tmp_path / "jobs", FULL).submit(len, 2)
    refusal = "invalid partition specified: long; sbatch: error: Batch job submission failed: Invalid partition name"
    assert refusal in str(refused.value)
    assert capsys.readouterr().err == "", "and only once"


def test_the_queue_is_read_job_by_job(programs, tmp_path):
    scheduler = SlurmScheduler(tmp_path, FULL)
    programs.queue("4711_0 RUNNING", "4711_1 PENDING", "9 RUNNING", "garbage")
    assert scheduler.alive(["4711_0", "4711_1", "4711_2"]) == {"4711_0": "RUNNING", "4711_1": "PENDING"}
    arguments = (programs.folder / "squeue_arguments").read_text()
    assert arguments.strip() == f"--noheader --array --user {getpass.getuser()} --format %i %T"
    programs.write("squeue", "exit 1")
    assert scheduler.alive(["4711_0"]) is None, "a controller that is away for a moment says nothing of jobs"
    assert scheduler.end_of("4711_2") == "OUT_OF_MEMORY"
    programs.write("scontrol", "exit 1")
    assert scheduler.end_of("4711_2") == ""
    assert scheduler.cancel_command(["4711_0", "4711_1", "9"]) == "scancel 4711 9"


def test_no_slurm_here(programs, monkeypatch):
    refuse_no_scheduler("slurm")
    (programs.folder / "srun").unlink()
    monkeypatch.setattr(module.shutil, "which", lambda name: (programs.folder / name).exists() or None)
    with pytest.raises(UsageError, match="needs srun, which is not on this machine; give the command on a login node"):
        refuse_no_scheduler("slurm")
    refuse_no_scheduler("local")
    with pytest.raises(UsageError, match="--slurm-cluster sge is not allowed; give slurm or local"):
        refuse_no_scheduler("sge")


def test_no_submitit_here(monkeypatch):
    monkeypatch.setitem(sys.modules, "submitit", None)
    with pytest.raises(UsageError, match=r"needs submitit, .* pip install '\.\[slurm\]'"):
        refuse_no_scheduler("local")


def test_a_process_of_another_program_is_no_job(tmp_path):
    scheduler = LocalScheduler(tmp_path, FULL)
    assert scheduler.alive(["1", "999999999", "x"]) == {}
