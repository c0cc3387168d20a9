"""What a job asks for, from flags; wrong ones are refused in a sentence."""

import pytest

from bench.errors import UsageError
from bench.executors import Cluster
from bench.executors.cluster import refuse_wrong_cluster
from bench.executors.slurm.demands import MEMORY_GIB, job_demands, minutes_of


def test_what_is_not_given_follows_the_threads_and_the_device():
    demands = job_demands(Cluster(), threads=3)
    assert (demands.minutes, demands.cpus, demands.gpus, demands.memory) == (24 * 60, 3, 0, MEMORY_GIB)
    assert demands.device == "cpu"
    assert job_demands(Cluster(), 1, largest=9 * 2**30 + 1).memory == 10
    assert job_demands(Cluster(memory=3), 1, largest=9 * 2**30).memory == 3
    assert job_demands(Cluster(), 1, on_gpu=True).device == "cuda"
    assert job_demands(Cluster(gpus=0), 1, on_gpu=True).device == "cpu"


@pytest.mark.parametrize("option", ["gres=gpu:a100:1", "gpus-per-node=a100:2", "--gpus=1", "gpus_per_task=1"])
def test_a_gpu_may_be_asked_for_in_words_of_sbatch(option):
    demands = job_demands(Cluster(options=(option,)), 1, on_gpu=True)
    assert (demands.gpus, demands.device) == (0, "cuda"), "and only once"
    assert job_demands(Cluster(options=("gpus-per-node=0", "gres=shard:1")), 1).device == "cpu"


@pytest.mark.parametrize("text", ["10:30", "", "0", "1h", "-5", "99999999", "1:99:00", "\u0663", "1-1-00:00:00"])
def test_times_that_are_none_or_could_mean_two_things(text):
    with pytest.raises(UsageError, match="--slurm-time"):
        minutes_of(text)


@pytest.mark.parametrize(
    ("option", "words"),
    [
        ("account=", "write KEY=VALUE"),
        ("=x", "write KEY=VALUE"),
        ("comment=a\nb", "write KEY=VALUE"),
        ("array=0-9", "--slurm-set array is decided by this program"),
        ("--output=x", "--slurm-set output is decided"),
    ],
)
def test_options_that_are_none_or_this_programs(option, words):
    with pytest.raises(UsageError, match=words):
        job_demands(Cluster(options=(option,)), 1)


@pytest.mark.parametrize(
    ("name", "cluster", "words"),
    [
        ("processes", Cluster(cpus=2), "--cpus-per-cell is for a Ray or Slurm cluster, not for --executor processes"),
        ("ray", Cluster(partition="gpu"), "--slurm-partition is for --executor slurm, not for ray"),
        ("slurm", Cluster(ship_features=True), "--ship-features is for --executor ray, not for slurm"),
        ("slurm", Cluster(gpus=0.5), "--gpus-per-cell 0.5 is not allowed; give a whole number"),
        ("ray", Cluster(gpus=1.5), "give a fraction of one or a whole number"),
        ("slurm", Cluster(memory=float("inf")), "are finite numbers"),
    ],
)
def test_flags_of_another_cluster_and_impossible_ones(name, cluster, words):
    with pytest.raises(UsageError, match=words):
        refuse_wrong_cluster(name, cluster)
