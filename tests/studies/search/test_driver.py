"""The loop of a search on cells that are not trained: proposals, resuming, retries, sharing."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from helpers.search_world import FakeExecutor, Watching, a_search, level_of, meeting, opened, searched, without_clocks

from bench.records.store import Store
from bench.studies.search.archive import SearchArchive, cells_of
from bench.studies.search.outcome import best, best_so_far, objective
from bench.studies.search.study import DRIVER, Driver, Trials

pytestmark = pytest.mark.slow

SAMPLERS = ["tpe", "random", "cmaes", "gp"]


def test_the_objective_is_the_mean_over_ratios_of_the_last_epochs_heldout_map(results, cache):
    trials, executor = searched(results, *a_search(cache), total=3)
    request, dataset = a_search(cache)
    for trial in trials:
        cells = request.cells(dataset, trial.settings)
        assert [cell.percent for cell in cells] == [10, 50]
        assert trial.value == pytest.approx(sum(map(level_of, cells)) / 2)
        assert [cell["heldout_mAP"] for cell in trial.cells.values()] == pytest.approx([level_of(c) for c in cells])
    assert len(executor.started) == 6


def test_the_settings_as_they_were_are_tried_first(results, cache):
    trials, _ = searched(results, *a_search(cache), total=2)
    assert trials[0].settings == {"lr": 5.75e-3, "weight_decay": 5.19e-2, "bias_init": "zero"}
    assert (trials[0].origin, trials[1].origin) == ("the settings as they were", "")


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_with_one_slot_the_same_search_proposes_the_same_and_another_seed_something_else(tmp_path, cache, sampler):
    one, other, third = (
        searched(tmp_path / name, *a_search(cache, sampler=sampler, seed=seed), total=4 if sampler == "gp" else 12)[0]
        for name, seed in (("a", 0), ("b", 0), ("c", 1))
    )
    assert without_clocks(one) == without_clocks(other)
    assert [t.settings for t in one] != [t.settings for t in third]
    assert len({str(t.settings) for t in one}) == len(one), "and no proposal comes twice"


def test_tpe_learns(results, cache):
    trials, _ = searched(results, *a_search(cache), total=40)
    early, late = ([t.value for t in trials if t.number in span] for span in (range(1, 11), range(30, 40)))
    assert sum(late) > sum(early)


@pytest.mark.parametrize("interrupt", [1, 5])
def test_an_interrupted_search_resumes_to_what_it_would_have_been(tmp_path, cache, interrupt):
    straight, _ = searched(tmp_path / "straight", *a_search(cache), total=8)
    cut = tmp_path / "cut"
    with pytest.raises(KeyboardInterrupt):
        searched(cut, *a_search(cache), total=8, watching=Watching(interrupt))
    done_before = {
        key for t in SearchArchive(cut, straight_name(cache)).trials if t.state == "complete" for key in t.cells
    }
    resumed, executor = searched(cut, *a_search(cache), total=8)
    assert without_clocks(resumed) == without_clocks(straight)
    assert not done_before & set(executor.started), "what was finished is not computed again"


def straight_name(cache):
    request, dataset = a_search(cache)
    return request.id(dataset)


def test_a_trial_of_a_dead_driver_is_put_back_and_that_of_a_live_one_is_not(results, cache):
    request, dataset = a_search(cache)
    session = opened(results, request, dataset, 3)
    dead, alive = session.trials.next(3), session.trials.next(3)
    gone = {"host": session.trials.driver.about["host"], "pid": 2**22 + 1, "started": 0.0, "at": 0.0}
    session.trials.study.set_user_attr("driver:gone", gone)
    dead.set_user_attr(DRIVER, "gone")
    other = Trials(request, session.archive.name, session.trials.place, Driver())
    states = {trial.number: trial.state.name for trial in other.all}
    assert (states[dead.number], states[alive.number]) == ("WAITING", "RUNNING")
    again = other.next(3)
    assert (again.number, again.params) == (dead.number, dead.params), "the same trial, with the settings that it had"


def test_a_driver_on_another_machine_is_dead_when_it_has_been_silent_for_long():
    from bench.studies.search.study import LEASE_SECONDS, is_alive

    far = {"host": "elsewhere", "pid": 1, "started": 0.0, "at": 1000.0}
    assert is_alive(far, 1000.0 + LEASE_SECONDS - 1)
    assert not is_alive(far, 1000.0 + LEASE_SECONDS + 1)
    assert not is_alive(None, 0.0)


def test_more_trials_add_to_what_is_done_and_the_same_number_does_nothing(results, cache):
    first, _ = searched(results, *a_search(cache), total=3)
    _, idle = searched(results, *a_search(cache), total=3)
    more, _ = searched(results, *a_search(cache), total=5)
    assert idle.started == []
    assert without_clocks(more)[:3] == without_clocks(first)
    assert len(more) == 5


def test_slots_run_at_once_without_running_any_trial_twice(results, cache):
    trials, executor = searched(results, *a_search(cache), total=12, slots=4)
    assert [trial.state for trial in trials] == ["complete"] * 12
    assert len(executor.started) == len(set(executor.started)) == 24


def test_two_drivers_share_a_search_and_together_run_as_many_trials_as_asked(results, cache):
    names = ("one", "other")

    def drive(mine: str, other: str):
        return searched(results, *a_search(cache), total=11, slots=2, mishap=meeting(results, mine, other))

    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(drive, names, reversed(names)))
    for trials, _ in answers:
        assert [trial.state for trial in trials] == ["complete"] * 11
    started = [key for _, executor in answers for key in executor.started]
    assert len(started) == len(set(started)) == 22
    assert all(executor.started for _, executor in answers), "both took part"


def test_equal_proposals_share_their_cells(results, cache):
    request, dataset = a_search(cache, "clip_zero_shot", overrides={}, sampler="random")
    flat = {"level": lambda cell: 50.0}
    trials, executor = searched(results, request, dataset, total=15, slots=3, **flat)
    assert len(trials) == 15
    assert len(executor.started) == len(set(executor.started)) <= 12, "six settings at two ratios"


def test_cells_of_a_search_never_stand_in_the_store_itself(results, cache):
    searched(results, *a_search(cache), total=2)
    assert Store(results).keys() == []
    assert Store(results).sweeps() == []
    assert set(cells_of(Store(results)).root.glob("cells/*/row.json"))


def test_pure_parts(results, cache):
    assert objective([80.0, 90.0]) == 85.0
    with pytest.raises(ValueError, match="not a number"):
        objective([80.0, float("nan")])
    trials, _ = searched(results, *a_search(cache, sampler="random"), total=6)
    line = [value for _, value in best_so_far(trials)]
    assert line == sorted(line)
    assert best(trials).value == line[-1] == max(trial.value for trial in trials)
    assert FakeExecutor(Store(results)).slots == 1
