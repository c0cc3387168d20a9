"""`bench run --executor slurm` through the real command line, with programs of Slurm's names on the path."""

import json
import pickle
from pathlib import Path

import pytest
from helpers.commands import TINY
from helpers.slurm_programs import write_programs

from bench.executors.slurm.submissions import submissions
from bench.records.jobs import CellJob, write_job
from bench.records.store import Store

pytestmark = pytest.mark.slow

RUN = ("run", "--methods", "asl", "--ratios", "0.3,0.6", *TINY)

SWEEP = """
methods: [asl]
ratios: 0.3,0.6
set: {scenes: {n_train: 120, n_test: 60}}
executor: slurm
gpus-per-cell: 1
memory-per-cell: 20
slurm-partition: long
slurm-time: 10:30:00
slurm-set: [account=vision, constraint=a100]
slurm-logs: logs
"""


@pytest.fixture
def programs(tmp_path, monkeypatch):
    written = write_programs(tmp_path / "programs")
    monkeypatch.setenv("PATH", str(written.folder), prepend=":")
    return written


def test_a_file_says_what_jobs_take_and_they_are_submitted_once(call, programs, tmp_path):
    (tmp_path / "sweep.yaml").write_text(SWEEP)
    first = call("run", "sweep.yaml", "--workers", "2", "--detach")
    assert (first.code, first.out) == (0, "")
    assert f"submitted 2 jobs for 2 cells: array 4711; output in {tmp_path}/logs" in first.err
    flags = programs.flags
    expected = {"partition": "long", "time": "630", "account": "vision", "constraint": "a100", "mem": "20480M"}
    assert expected.items() <= flags.items()
    assert (flags["array"], flags["gpus-per-node"]) == ("0-1%2", "1")
    [submission] = submissions(Path("results"))
    assert (submission.jobs, submission.logs) == (("4711_0", "4711_1"), f"{tmp_path}/logs")
    work = pickle.loads((tmp_path / "logs" / "4711_0_submitted.pkl").read_bytes()).function
    assert sorted(cell.key for cell in work.cells) == sorted(submission.cells)
    assert (work.device, work.results) == ("cuda", tmp_path / "results")
    assert work.location.cache.is_absolute()

    programs.queue("4711_0 PENDING", "4711_1 RUNNING")
    again = call("run", "sweep.yaml", "--workers", "2", "--detach")
    assert "followed: 2 jobs from before, for 2 cells" in again.err
    assert programs.submitted == 1
    programs.queue()
    assert call("run", "sweep.yaml", "--workers", "2", "--detach", "--no-weights").code == 0
    assert programs.submitted == 2, "jobs that are gone hold nothing"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["logs", "programs", "results", "sweep.yaml"]


def test_status_tells_where_the_output_is(call, programs):
    assert call(*RUN, "--executor", "slurm", "--detach").code == 0
    store = Store(Path("results"))
    running, failed = list(next(submissions(store.root)).cells)
    for key in (running, failed):
        write_job(store.folder(key), CellJob("4711_1", "node7", f"/logs/{key}.out", f"/logs/{key}.err"))
    store.fail(failed, RuntimeError("out of luck"))
    status = json.loads(call("status", "--json").out)["cells"]
    details = {row["key"]: row["detail"] for row in status}
    assert details[failed] == f"RuntimeError: out of luck; job 4711_1, output /logs/{failed}.out, .err"
    assert details[running] == f"job 4711_1, output /logs/{running}.out, .err"


def test_a_partition_that_is_refused(call, programs, tmp_path):
    programs.write("sbatch", 'echo "sbatch: error: invalid partition specified: x" >&2; exit 1')
    for more in ((), ("--detach",)):
        result = call(*RUN, "--executor", "slurm", "--slurm-partition", "x", *more)
        assert result.code == 2
        assert result.err.startswith("error: sbatch refused the jobs (sbatch: error: invalid partition specified: x);")
        assert result.err.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("run", "--executor", "slurm"), "needs sbatch, which is not on this machine"),
        (("run", "--detach"), "--detach is for --executor slurm, not for auto"),
        (("run", "--slurm-partition", "x"), "--slurm-partition is for --executor slurm, not for auto"),
        (("run", "--executor", "slurm", "--slurm-time", "10:30"), "give minutes, H:MM:SS or D-HH:MM:SS"),
        (("run", "--executor", "slurm", "--slurm-set", "array=1"), "--slurm-set array is decided by this program"),
        (("search", "--executor", "slurm", "--slurm-cluster", "local"), "which trials of a search are not"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_wrong_use(arguments, words, call, tmp_path, monkeypatch):
    monkeypatch.setattr("bench.executors.slurm.slurm_scheduler.shutil.which", lambda name: None)
    result = call(*arguments, "--methods", "asl", "--ratios", "0.5", *TINY)
    assert result.code == 2
    assert words in result.err
    assert result.err.count("\n") == 1
    assert not (tmp_path / "results").exists()
