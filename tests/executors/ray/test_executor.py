"""A real Ray cluster of two nodes on this machine; one of them is killed in the middle of a sweep."""

import dataclasses
import os
import sys
import threading
from concurrent.futures import Future
from pathlib import Path

import pytest
import torch
from helpers.comparisons import assert_same_scores, assert_same_weights, losses
from helpers.trainings import QUICK, Recorder, make_cell
from helpers.worlds import ToyLocation, soon

from bench.errors import UsageError
from bench.executors import Cluster as Ray
from bench.executors import Inline, open_executor
from bench.executors.driver import run_cells
from bench.planning.plan import cells, open_dataset, plan
from bench.planning.request import Request
from bench.records.store import Store
from bench.system.program import program_hash
from bench.training.resources import Resources

ray = pytest.importorskip("ray", reason="the extra `ray` is not installed")

from ray.cluster_utils import Cluster  # noqa: E402

from bench.executors.ray.demands import Demands  # noqa: E402
from bench.executors.ray.executor import RayExecutor, add_to_curve  # noqa: E402
from bench.executors.ray.node import NodeLocation  # noqa: E402

pytestmark = pytest.mark.slow

SHORT = {**QUICK, "epochs": 4}
HEALTH = {"health_check_initial_delay_ms": 500, "health_check_period_ms": 500, "health_check_failure_threshold": 10}
PRIORITY = {"worker_niceness": 0}  # Ray's workers would wait for all else that a busy machine does
NODE = {"num_cpus": 1, "object_store_memory": 100 * 2**20, "memory": 2**30}


@pytest.fixture(scope="module")
def cluster(cache):
    """A head and a second node with one CPU each; nodes find the toys and the tests' cache in their environment."""
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = os.pathsep.join(path for path in sys.path if path)
    os.environ["RAY_DISABLE_IMPORT_WARNING"] = "1"
    cluster = Cluster(
        initialize_head=True, head_node_args={**NODE, "include_dashboard": False, "_system_config": HEALTH | PRIORITY}
    )
    cluster.second = cluster.add_node(**NODE)
    ray.init(address=cluster.address, log_to_driver=False, logging_level="error")
    yield cluster
    ray.shutdown()
    cluster.shutdown()
    if before is None:
        del os.environ["PYTHONPATH"]
    else:
        os.environ["PYTHONPATH"] = before


@pytest.fixture
def both_nodes(cluster):
    """The cluster with its second node, started anew if an earlier test killed it."""
    if cluster.second not in cluster.worker_nodes:
        cluster.second = cluster.add_node(**NODE)
    return cluster


@pytest.fixture
def opened(both_nodes, resources, store):
    """`opened(cpus=1)`: an executor on the cluster that knows the toys."""
    executors = []

    def start(**demands: float) -> RayExecutor:
        needs = Demands(**{"cpus": 1, "gpus": 0, "memory": 0.1, **demands})
        executors.append(RayExecutor(resources, NodeLocation(ToyLocation.of(resources)), store, demands=needs))
        return executors[-1]

    yield start
    for executor in executors:
        executor.close()


def assert_equal(cell, store: Store, resources, folder: Path) -> None:
    """The store has what a training in this process gives, to the last bit."""
    straight = Store(folder / "straight")
    run_cells([cell], straight, Inline(resources, straight), Recorder())
    assert_same_scores(store.scores(cell.key), straight.scores(cell.key))
    assert losses(store.folder(cell.key)) == losses(straight.folder(cell.key))
    assert_same_weights(store, straight, cell.key)
    mine, theirs = store.row(cell.key), straight.row(cell.key)
    assert (mine.metrics, mine.class_ap, mine.mask) == (theirs.metrics, theirs.class_ap, theirs.mask)
    assert mine.flags == theirs.flags


def test_the_contract(opened, store, resources, tmp_path):
    """One opening sees all that the interface promises: a node's worker takes seconds to start."""
    executor = opened()
    assert executor.slots == 2
    one, two = (make_cell(resources, "toy_linear", percent=percent, **SHORT) for percent in (20, 40))
    bad = make_cell(resources, "toy_refusing", **SHORT)
    for name in ("origin.json", "job.json"):  # of an earlier attempt, or of whom the cell was imported from
        with store.claim(one) as folder:
            (folder / name).write_text("{}")
    calls: list = []
    futures: list[Future] = [
        executor.submit(one, lambda epoch, record: calls.append((epoch, record)), lambda: calls.append("go")),
        executor.submit(two, lambda epoch, record: epoch == 2),
        executor.submit(bad),
    ]
    done, stopped, failed = (future.result() for future in futures)
    assert (done.ending, stopped.ending, failed.ending) == ("done", "stopped", "failed")

    assert calls[0] == "go"
    assert [epoch for epoch, _ in calls[1:]] == [1, 2, 3, 4]
    assert [record for _, record in calls[1:]] == store.curve(one.key)
    assert_equal(one, store, resources, tmp_path)
    assert (store.folder(one.key) / "log.txt").exists()
    left = {path.name for path in store.folder(one.key).iterdir()}
    assert not left & {"checkpoint", "origin.json", "job.json"}
    assert store.targets(one.dataset.fingerprint).ids == resources.dataset.test.ids
    assert executor.submit(one).result().ending == "cached"

    assert failed.message == "RuntimeError: the toy refuses [/on purpose]"
    assert "start_epoch" in store.error(bad.key), "the traceback came home"
    assert store.state(bad.key) == "failed"

    assert store.state(two.key) == "planned"
    kept = store.curve(two.key)
    assert [record["epoch"] for record in kept] == [1, 2]
    epochs: list[int] = []
    assert executor.submit(two, lambda epoch, record: epochs.append(epoch)).result().ending == "done"
    assert epochs == [1, 2, 3, 4]
    assert store.curve(two.key)[:2] == kept, "it went on from the checkpoint that came home with it"
    assert_equal(two, store, resources, tmp_path)

    other = dataclasses.replace(one, dataset=dataclasses.replace(one.dataset, fingerprint="of other labels"))
    refused = executor.submit(other).result()
    assert refused.ending == "failed"
    assert "DataError: the files of dataset 'scenes' on node" in refused.message

    waiting = make_cell(resources, "toy_waiting", file=str(tmp_path / "go"), at=2, **SHORT)
    future = executor.submit(waiting)
    with soon("the third epoch") as until:
        until(lambda: list(tmp_path.glob("go.*")))
    executor.close()
    assert isinstance(future.exception(timeout=300), Exception), "closing cuts off what runs"
    assert store.state(waiting.key) == "planned"
    assert [record["epoch"] for record in store.curve(waiting.key)] == [1, 2]


def test_a_lost_worker_is_replaced_but_not_for_ever(opened, store, resources, tmp_path, monkeypatch):
    monkeypatch.setattr("bench.executors.ray.executor.TRIES", 2)  # each costs a new worker, which takes seconds
    once = make_cell(resources, "toy_suicidal", file=str(tmp_path / "killed"), at=2, **SHORT)
    always = make_cell(resources, "toy_suicidal", at=0, **SHORT)
    observer = Recorder()
    run_cells([once, always], store, opened(), observer)
    assert dict(observer.endings) == {once.key: "done", always.key: "failed"}
    assert sorted(observer.started) == sorted((once.key, always.key)), "each is told to have started once"
    assert observer.epochs == [1, 2, 3, 4], "and each epoch, though two were trained twice"
    assert "its worker or node was lost 2 times" in store.reason(always.key)
    assert_equal(once, store, resources, tmp_path)


def test_what_no_node_can_ever_hold_is_refused_at_once(opened):
    with pytest.raises(
        UsageError, match=r"a cell asks for 2 CPUs, 0 GPUs and 0\.1 GiB, and no node of the cluster has"
    ):
        opened(cpus=2)
    with pytest.raises(UsageError, match=r"there are 1 CPUs, 0 GPUs and 1.0 GiB\); lower --cpus-per-cell"):
        opened(gpus=0.5)
    with pytest.raises(UsageError, match="--memory-per-cell"):
        opened(memory=2)


def test_other_code_on_a_node_is_refused(opened, store, resources, monkeypatch):
    driver = os.getpid()
    code = lambda: "of another day" if os.getpid() == driver else program_hash()  # noqa: E731
    executor = opened()
    monkeypatch.setattr("bench.executors.ray.cluster.program_hash", code)
    with pytest.raises(UsageError, match=r"the program on node .* is not the driver's \(source hash \w+, not of an"):
        opened()
    executor.cluster.code = code()  # a node that joins later is not let in either
    cell = make_cell(resources, "toy_linear", seed=5, **SHORT)
    assert "is not the driver's" in executor.submit(cell).result().message


def test_features_are_sent_to_nodes_without_the_dataset(both_nodes, resources, store, tmp_path):
    """The driver's cache is its own, and nodes are not asked for theirs."""
    sweep = Request(("asl",), (50,), overrides={"scenes": {"n_train": 60, "n_test": 40}, "asl": {"epochs": 2}})
    own = Resources(open_dataset(sweep, tmp_path), torch.device("cpu"), tmp_path, progress=resources.progress)
    [cell] = cells(plan(sweep, own.dataset))
    with open_executor("ray", own, store, cluster=Ray(ship_features=True, memory=0.1)) as executor:
        assert executor.submit(cell).result().ending == "done"
        live = dataclasses.replace(cell, feed=dataclasses.replace(cell.feed, name="live"))
        with pytest.raises(UsageError, match="--live reads images"):
            executor.submit(live).result()
    assert_equal(cell, store, own, tmp_path)


def test_epochs_that_a_lost_cell_sends_again_stand_in_the_curve_once(tmp_path):
    """A checkpoint is refused where the curve beside it has another number of epochs."""
    for epoch in (1, 2, 3, 2, 3, 4):
        add_to_curve({"epoch": epoch, "loss": 1.0}, tmp_path / "curve.jsonl")
    assert [record["epoch"] for record in losses(tmp_path)] == [1, 2, 3, 4]


def test_a_node_killed_in_the_middle_of_a_sweep(opened, both_nodes, store, resources, tmp_path):
    """Both train when the second one dies."""
    go = tmp_path / "go"
    waiting = [make_cell(resources, "toy_waiting", file=str(go), at=2, seed=seed, **SHORT) for seed in range(2)]
    cells = [*waiting, *(make_cell(resources, "toy_linear", seed=seed, **SHORT) for seed in range(2))]
    observer = Recorder()
    executor = opened()
    driver = threading.Thread(target=run_cells, args=(cells, store, executor, observer))
    driver.start()
    with soon("both nodes to train") as until:
        until(lambda: len(list(tmp_path.glob("go.*"))) == 2)
    both_nodes.remove_node(both_nodes.second, allow_graceful=False)
    go.write_text("")
    driver.join(timeout=600)
    assert not driver.is_alive()
    keys = sorted(cell.key for cell in cells)
    assert sorted(observer.endings) == [(key, "done") for key in keys], "every cell once"
    assert sorted(observer.started) == keys
    begun = [line for path in tmp_path.glob("go.*") for line in path.read_text().splitlines()]
    assert len(begun) == 3, "what the node had begun was begun again, and nothing else"
    for cell in cells:
        assert [record["epoch"] for record in store.curve(cell.key)] == [1, 2, 3, 4]
    assert_equal(waiting[0], store, resources, tmp_path)
    assert_equal(waiting[1], store, resources, tmp_path)
    with soon("Ray to see that the node is gone") as until:
        until(lambda: executor.slots == 1)
