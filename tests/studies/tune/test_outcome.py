"""Which trials count, and the first of them; in a world where cells are formulas."""

import pytest
from helpers.search_world import Watching, a_search, level_of, opened, searched, without_clocks

from bench.errors import DataError
from bench.studies.search.outcome import AS_THEY_WERE, TrialRecord
from bench.studies.tune.figure import budget_figure
from bench.studies.tune.outcome import counted_trials, heldout_sd

pytestmark = pytest.mark.slow

NARROW = {"bce_iu": {"lr": {"low": 1e-5, "high": 1e-4, "log": True}, "weight_decay": {"low": 0.1, "high": 1.0}}}
"""A space in which the recipe's own rate does not lie."""

OUTSIDE = {"spaces": NARROW, "sampler": "random", "always_start": True}


def test_no_more_trials_count_than_the_budget():
    trials = [TrialRecord(i, "complete", {}, float(i)) for i in range(5)]
    assert [trial.number for trial in counted_trials(trials, 3)] == [0, 1, 2]


def test_a_trial_that_was_made_again_stands_in_the_place_of_its_first_attempt():
    trials = [
        TrialRecord(0, "replaced", {}),
        TrialRecord(1, "complete", {}, 1.0),
        TrialRecord(2, "complete", {}, 2.0),
        TrialRecord(3, "replaced", {}, origin="trial 0, which failed"),
        TrialRecord(4, "complete", {}, 3.0, origin="trial 3, which failed"),
    ]
    assert [trial.number for trial in counted_trials(trials, 2)] == [4, 1]


def test_trials_that_claim_to_repeat_each_other_are_refused():
    trials = [
        TrialRecord(0, "complete", {}, 1.0, origin="trial 1, which failed"),
        TrialRecord(1, "complete", {}, 2.0, origin="trial 0, which failed"),
    ]
    with pytest.raises(DataError, match="trial 0 claims to repeat trial 1, which is no earlier one"):
        counted_trials(trials, 2)


def test_spread_is_over_seeds_of_the_mean_over_ratios():
    cells = {
        "a": {"seed": 0, "percent": 10, "heldout_mAP": 70.0},
        "b": {"seed": 0, "percent": 50, "heldout_mAP": 80.0},
        "c": {"seed": 1, "percent": 10, "heldout_mAP": 73.0},
        "d": {"seed": 1, "percent": 50, "heldout_mAP": 81.0},
    }
    assert heldout_sd(TrialRecord(0, "complete", {}, 76.0, cells)) == pytest.approx(2 / 2**0.5)
    alone = {key: cell for key, cell in cells.items() if cell["seed"] == 0}
    assert heldout_sd(TrialRecord(0, "complete", {}, 75.0, alone)) is None


@pytest.fixture
def results(tmp_path):
    return tmp_path / "results"


def test_settings_outside_the_space_are_tried_first_all_the_same(cache, results):
    request, dataset = a_search(cache, **OUTSIDE)
    trials, _ = searched(results, request, dataset, total=3)
    assert (trials[0].settings["lr"], trials[0].origin) == (0.00575, AS_THEY_WERE)
    as_is = [level_of(cell) for cell in request.cells(dataset, {})]
    assert trials[0].value == pytest.approx(sum(as_is) / len(as_is))
    assert all(1e-5 <= trial.settings["lr"] <= 1e-4 for trial in trials[1:])
    assert request.id(dataset) != a_search(cache, spaces=NARROW, sampler="random")[0].id(dataset)


def test_a_search_cut_off_goes_on_as_if_it_had_not_been(cache, tmp_path):
    request, dataset = a_search(cache, **OUTSIDE)
    whole, _ = searched(tmp_path / "whole", request, dataset, total=4)
    for interrupt in (1, 2):
        results = tmp_path / str(interrupt)
        with pytest.raises(KeyboardInterrupt):
            searched(results, request, dataset, total=4, watching=Watching(interrupt))
        trials, _ = searched(results, request, dataset, total=4)
        assert without_clocks(trials) == without_clocks(whole)


def test_first_settings_that_failed_are_made_again_as_they_were(cache, results):
    request, dataset = a_search(cache, **OUTSIDE)
    first = request.cells(dataset, {})[0].key

    def mishap(cell, attempt):
        return "OSError: disk" if cell.key == first else ""

    trials, _ = searched(results, request, dataset, total=2, mishap=mishap, retries=0)
    assert [trial.state for trial in trials] == ["failed", "complete"]
    assert opened(results, request, dataset, 2).trials.replaced == {0}
    trials, _ = searched(results, request, dataset, total=2)
    counted = counted_trials(trials, 2)
    assert [trial.settings["lr"] == 0.00575 for trial in counted] == [True, False]
    assert [trial.state for trial in counted] == ["complete", "complete"]


def test_the_figure_has_a_panel_for_each_method(tuning, drawn):
    images = budget_figure([tuning("asl", [70.0, 80.0]), tuning("hill", [75.0, 60.0])], {"asl": (71.0, 79.0)}, "mAP")
    svg = images["svg"].decode()
    assert all(f">{name}</text>" in svg for name in ("asl", "hill"))
    assert len(images["png"]) > 5000
