"""A sweep's cells against a store: skipped, resumed, failed and retried, shared between processes."""

import multiprocessing
from types import SimpleNamespace

import numpy as np
import pytest
from helpers.comparisons import losses
from helpers.no_locks import take_locks_away
from helpers.toys import TOYS
from helpers.trainings import Recorder, make_cell

from bench.executors import Inline
from bench.executors.driver import run_cells
from bench.records.store import Store
from bench.stats.metrics import average_precision, mean_average_precision

pytestmark = [pytest.mark.usefixtures("toys"), pytest.mark.slow]
SHORT = {"epochs": 2, "batch_size": 60}


@pytest.fixture
def store(tmp_path) -> Store:
    return Store(tmp_path / "results")


def advance(some, store, resources, observer=None) -> Recorder:
    observer = observer or Recorder()
    run_cells(some, store, Inline(resources, store), observer)
    return observer


def test_a_finished_cell_never_runs_again(store, resources):
    cell = make_cell(resources, "toy_linear", **SHORT)
    first = advance([cell], store, resources)
    assert first.endings == [(cell.key, "done")]
    before = {path: path.stat().st_mtime_ns for path in store.folder(cell.key).iterdir()}
    again = advance([cell], store, resources)
    assert again.started == []
    assert again.endings == [(cell.key, "cached")]
    assert {path: path.stat().st_mtime_ns for path in store.folder(cell.key).iterdir()} == before


def test_what_a_finished_cell_leaves(store, resources):
    cell = make_cell(resources, "toy_linear", holdout=20, **SHORT)
    advance([cell], store, resources)
    row, scores, curve = store.row(cell.key), store.scores(cell.key), store.curve(cell.key)
    test = resources.dataset.test
    assert row.mAP == pytest.approx(mean_average_precision(scores, test.labels))
    assert curve[-1]["mAP"] == pytest.approx(row.mAP), "the headline is the last epoch"
    assert row.test_best["mAP"] == max(point["mAP"] for point in curve)
    best = max(curve, key=lambda point: point["heldout_mAP"])
    assert row.heldout_best == {"mAP": best["mAP"], "epoch": best["epoch"], "heldout_mAP": best["heldout_mAP"]}
    ap = average_precision(scores, test.labels)
    for name, value in zip(resources.dataset.class_names, ap, strict=True):
        assert row.class_ap[name] is None if np.isnan(value) else row.class_ap[name] == pytest.approx(value)
    assert 0.4 < row.mask["known"] < 0.6
    assert len(row.mask["sha256"]) == 64
    assert row.environment["versions"]["torch"]
    assert row.environment["weights"] == resources.images.backbone(cell.backbone).weights_sha256
    assert (row.timings["train"] > 0, row.peak_memory["process"] > 0, row.trainable_parameters > 0) == (True,) * 3
    assert store.targets(cell.dataset.fingerprint).ids == test.ids
    assert store.targets(cell.dataset.fingerprint).class_names == resources.dataset.class_names
    assert {p.name for p in store.folder(cell.key).iterdir() if p.name != "lock"} == {
        "cell.json", "row.json", "curve.jsonl", "scores.npz", "log.txt", "weights.safetensors",
    }  # fmt: skip


def test_the_curve_tells_the_rate_of_its_own_epoch(store, resources):
    cell = make_cell(resources, "toy_linear", epochs=3, batch_size=200, lr=0.01, schedule="dassl_cosine")
    advance([cell], store, resources)
    assert [point["lr"] for point in store.curve(cell.key)] == pytest.approx([1e-5, 0.01, 0.0075])


def test_a_failing_cell_keeps_its_traceback_and_does_not_stop_the_sweep(store, resources):
    bad, good = (make_cell(resources, name, **SHORT) for name in ("toy_refusing", "toy_linear"))
    observer = advance([bad, good], store, resources)
    assert observer.endings == [(bad.key, "failed"), (good.key, "done")]
    assert observer.messages[0] == "RuntimeError: the toy refuses [/on purpose]", "one line, and all of it"
    assert store.state(bad.key) == "failed"
    assert "start_epoch" in store.error(bad.key)
    assert "with a second line" in store.error(bad.key)
    assert not (store.folder(bad.key) / "checkpoint").exists(), "what failed starts again from the beginning"


def test_a_failed_cell_is_tried_again_the_next_time(store, resources, monkeypatch):
    cell = make_cell(resources, "toy_refusing", **SHORT)
    advance([cell], store, resources)
    monkeypatch.setattr(TOYS["toy_refusing"], "broken", False)
    observer = advance([cell], store, resources)
    assert observer.endings == [(cell.key, "done")]
    assert observer.epochs == [1, 2]
    assert store.error(cell.key) is None
    assert [point["epoch"] for point in losses(store.folder(cell.key))] == [1, 2]


def test_a_diverged_training_fails_in_its_first_epoch_with_a_sentence(store, resources):
    cell = make_cell(resources, "toy_diverging", **SHORT)
    observer = advance([cell], store, resources)
    assert observer.endings == [(cell.key, "failed")]
    assert "the loss became nan in epoch 1; lower the rate" in observer.messages[0]
    assert observer.epochs == []


def test_scores_that_diverge_after_a_finite_loss_are_a_divergence_too(store, resources, monkeypatch):
    monkeypatch.setattr("bench.training.evaluation.split_logits", lambda *given: np.full((40, 3), np.inf))
    observer = advance([make_cell(resources, "toy_linear", **SHORT)], store, resources)
    assert observer.messages == ["DivergedError: scores are not finite after epoch 1; lower the rate."]


def test_what_failed_in_another_process_meanwhile_is_told_and_not_tried_again(store, resources, monkeypatch):
    cell = make_cell(resources, "toy_refusing", **SHORT)
    advance([cell], store, resources)
    monkeypatch.setattr("bench.executors.driver.time.time", lambda: 0.0)  # this sweep began before that failure
    observer = advance([cell], store, resources)
    assert observer.started == []
    assert observer.endings == [(cell.key, "failed")]
    assert observer.messages == ["RuntimeError: the toy refuses [/on purpose]"], "not the last of its lines"


def test_an_interrupted_sweep_goes_on_where_it_was(store, resources):
    three = [make_cell(resources, "toy_linear", percent=percent, **SHORT) for percent in (10, 20, 30)]
    observer = Recorder()

    def interrupt(cell, ending, message):
        raise KeyboardInterrupt

    observer.cell_ended = interrupt
    with pytest.raises(KeyboardInterrupt):
        run_cells(three, store, Inline(resources, store), observer)
    assert [store.state(cell.key) for cell in three] == ["done", "planned", "planned"]
    assert [ending for _, ending in advance(three, store, resources).endings] == ["cached", "done", "done"]


def _sweep_in_a_process(some, store, resources, start, message) -> None:
    observer = Recorder()
    start.wait()
    try:
        run_cells(some, store, Inline(resources, store), observer)
    finally:
        message.put((observer.started, observer.endings))


@pytest.mark.skipif("fork" not in multiprocessing.get_all_start_methods(), reason="needs processes that start at once")
@pytest.mark.parametrize("disk", ["with locks", "without locks"])
def test_four_processes_on_one_store_share_the_work_and_run_each_cell_once(disk, store, resources, monkeypatch):
    """As the jobs of an array do that all give the same command."""
    some = [make_cell(resources, "toy_linear", percent=percent, epochs=4) for percent in range(10, 90, 10)]
    resources.inputs(some[0])  # encode before the processes part
    if disk == "without locks":
        take_locks_away(monkeypatch)
        resources.images.encoded.clear()  # the cache is opened again in each process, which needs no lock either
    context = multiprocessing.get_context("fork")
    shared = SimpleNamespace(start=context.Barrier(4), answers=context.Queue())
    arguments = (some, store, resources, shared.start, shared.answers)
    processes = [context.Process(target=_sweep_in_a_process, args=arguments) for _ in range(4)]
    for process in processes:
        process.start()
    answers = [shared.answers.get(timeout=600) for _ in processes]
    for process in processes:
        process.join()
    ran = [key for started, _ in answers for key in started]
    assert sorted(ran) == sorted(cell.key for cell in some), "each exactly once"
    assert sum(bool(started) for started, _ in answers) > 1, "and not by one alone"
    for _, endings in answers:
        assert sorted(key for key, _ in endings) == sorted(cell.key for cell in some), "all saw every cell end"
    assert all(store.state(cell.key) == "done" for cell in some)
    assert len(store.rows()) == len(some)
    assert not list(store.root.rglob("*.lease"))
