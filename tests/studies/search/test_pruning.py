"""Trials of a search that fail, diverge or are pruned."""

import pytest
from helpers.search_world import EPOCHS, a_search, level_of, searched

from bench.studies.search.outcome import best

pytestmark = pytest.mark.slow


def test_a_cell_that_fails_once_is_tried_again(results, cache):
    trials, _ = searched(
        results, *a_search(cache), total=2, mishap=lambda cell, attempt: "OSError: disk" if attempt == 1 else ""
    )
    assert [trial.state for trial in trials] == ["complete", "complete"]
    assert trials[0].failures == ("OSError: disk",) * 2, "once for each of its two cells"


def test_a_trial_that_keeps_failing_is_recorded_with_its_reason_and_the_search_goes_on(results, cache):
    bad: set[str] = set()

    def mishap(cell, attempt):
        if not bad:
            bad.add(cell.key)
        return "OSError: disk" if cell.key in bad else ""

    trials, executor = searched(results, *a_search(cache), total=3, retries=2, mishap=mishap)
    assert [trial.state for trial in trials] == ["failed", "complete", "complete"]
    assert trials[0].failures == ("OSError: disk",) * 3
    assert trials[0].reason == "OSError: disk"
    assert executor.started.count(bad.pop()) == 3
    again, _ = searched(results, *a_search(cache), total=3)
    assert [trial.state for trial in again] == ["replaced", "complete", "complete", "complete"]
    assert again[3].settings == trials[0].settings
    assert again[3].origin == "trial 0, which failed"


def test_a_training_that_diverges_is_not_tried_again_and_counts_as_pruned(results, cache):
    def mishap(cell, attempt):
        return (
            "DivergedError: the loss became nan in epoch 1; lower the rate." if cell.method.options["lr"] > 5e-3 else ""
        )

    trials, executor = searched(results, *a_search(cache), total=6, mishap=mishap)
    diverged = [trial for trial in trials if trial.settings["lr"] > 5e-3]
    assert diverged, "the settings as they were are among them"
    assert all(t.state == "pruned" and "the loss became nan" in t.reason and not t.failures for t in diverged)
    assert max(executor.started.count(key) for key in executor.started) == 1


@pytest.mark.parametrize("pruner", ["median", "hyperband"])
def test_only_the_first_ratio_is_ever_pruned_and_its_step_is_the_epoch(results, cache, pruner):
    request, dataset = a_search(cache, pruner=pruner, sampler="random")
    # ratio 50 far below ratio 10: across ratios every trial would be pruned there
    trials, executor = searched(
        results, request, dataset, total=25, level=lambda cell: level_of(cell) - (40 if cell.percent == 50 else 0)
    )
    pruned = [trial for trial in trials if trial.state == "pruned"]
    assert pruned, "a pruner that never prunes is none"
    for trial in trials:
        first, second = request.cells(dataset, trial.settings)
        ran = [epoch for key, epoch in executor.epochs if key == first.key]
        assert list(map(int, trial.curve)) == ran == list(range(1, len(ran) + 1))
        later = [epoch for key, epoch in executor.epochs if key == second.key]
        assert later == ([] if trial.state == "pruned" else list(range(1, EPOCHS + 1)))
        assert all(value > level_of(first) - 11 for value in trial.curve.values()), "nothing of the second ratio in it"
    assert best(trials).state == "complete"
