"""The loop of a search on cells that are not trained: places, resuming, retries, pruning, sharing."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from helpers.search_world import EPOCHS, FakeExecutor, Watching, a_search, level_of, meeting, opened, searched, told

from bench.errors import UsageError
from bench.records.store import Store
from bench.studies.search.archive import Archive, cells_of
from bench.studies.search.outcome import best, best_so_far, objective
from bench.studies.search.study import DRIVER, Driver, Trials

SAMPLERS = ["tpe", "random", "cmaes", "gp"]


@pytest.fixture
def results(tmp_path):
    return tmp_path / "results"


def test_the_objective_is_the_mean_over_ratios_of_the_last_epochs_heldout_map(results, cache):
    trials, executor = searched(results, *a_search(cache), total=3)
    asked, dataset = a_search(cache)
    for trial in trials:
        cells = asked.cells(dataset, trial.settings)
        assert [cell.percent for cell in cells] == [10, 50]
        assert trial.value == pytest.approx(sum(map(level_of, cells)) / 2)
        assert [cell["heldout_mAP"] for cell in trial.cells.values()] == pytest.approx([level_of(c) for c in cells])
    assert len(executor.started) == 6


def test_the_settings_as_they_were_are_tried_first(results, cache):
    trials, _ = searched(results, *a_search(cache), total=2)
    assert trials[0].settings == {"lr": 5.75e-3, "weight_decay": 5.19e-2}
    assert (trials[0].origin, trials[1].origin) == ("the settings as they were", "")


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_with_one_slot_the_same_search_proposes_the_same_and_another_seed_something_else(tmp_path, cache, sampler):
    one, other, third = (
        searched(tmp_path / name, *a_search(cache, sampler=sampler, seed=seed), total=4 if sampler == "gp" else 12)[0]
        for name, seed in (("a", 0), ("b", 0), ("c", 1))
    )
    assert told(one) == told(other)
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
    done_before = {key for t in Archive(cut, straight_name(cache)).trials if t.state == "complete" for key in t.cells}
    resumed, executor = searched(cut, *a_search(cache), total=8)
    assert told(resumed) == told(straight)
    assert not done_before & set(executor.started), "what was finished is not computed again"


def straight_name(cache):
    asked, dataset = a_search(cache)
    return asked.id(dataset)


def test_a_trial_of_a_dead_driver_is_put_back_and_that_of_a_live_one_is_not(results, cache):
    asked, dataset = a_search(cache)
    session = opened(results, asked, dataset, 3)
    dead, alive = session.trials.next(3), session.trials.next(3)
    gone = {"host": session.trials.driver.about["host"], "pid": 2**22 + 1, "started": 0.0, "at": 0.0}
    session.trials.study.set_user_attr("driver:gone", gone)
    dead.set_user_attr(DRIVER, "gone")
    other = Trials(asked, session.archive.name, session.trials.place, Driver())
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
    assert told(more)[:3] == told(first)
    assert len(more) == 5


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
    asked, dataset = a_search(cache, pruner=pruner, sampler="random")
    # ratio 50 far below ratio 10: across ratios every trial would be pruned there
    trials, executor = searched(
        results, asked, dataset, total=25, level=lambda cell: level_of(cell) - (40 if cell.percent == 50 else 0)
    )
    pruned = [trial for trial in trials if trial.state == "pruned"]
    assert pruned, "a pruner that never prunes is none"
    for trial in trials:
        first, second = asked.cells(dataset, trial.settings)
        ran = [epoch for key, epoch in executor.epochs if key == first.key]
        assert list(map(int, trial.curve)) == ran == list(range(1, len(ran) + 1))
        later = [epoch for key, epoch in executor.epochs if key == second.key]
        assert later == ([] if trial.state == "pruned" else list(range(1, EPOCHS + 1)))
        assert all(value > level_of(first) - 11 for value in trial.curve.values()), "nothing of the second ratio in it"
    assert best(trials).state == "complete"


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
    asked, dataset = a_search(cache, "clip_zero_shot", overrides={}, sampler="random")
    flat = {"level": lambda cell: 50.0}
    trials, executor = searched(results, asked, dataset, total=15, slots=3, **flat)
    assert len(trials) == 15
    assert len(executor.started) == len(set(executor.started)) <= 12, "six settings at two ratios"


def test_cells_of_a_search_never_stand_in_the_store_itself(results, cache):
    searched(results, *a_search(cache), total=2)
    assert Store(results).keys() == []
    assert Store(results).sweeps() == []
    assert set(cells_of(Store(results)).root.glob("cells/*/row.json"))


def test_another_space_sampler_or_seed_is_another_search(cache):
    base, dataset = a_search(cache)
    others = [
        a_search(cache, sampler="random"),
        a_search(cache, seed=1),
        a_search(cache, percents=(10,)),
        a_search(cache, judged="full"),
        a_search(cache, spaces={"bce_iu": {"lr": {"low": 1e-3, "high": 1e-2}}}),
    ]
    assert len({base.id(dataset), *(asked.id(d) for asked, d in others)}) == 6
    assert base.id(dataset) == a_search(cache)[0].id(dataset)


def test_a_method_without_labels_is_judged_at_every_ratio_under_the_asked_protocol(cache):
    asked, dataset = a_search(cache, "clip_zero_shot", overrides={})
    cells = asked.cells(dataset, {})
    assert [(c.protocol.name, c.percent, c.holdout, c.judged) for c in cells] == [
        ("partial", 10, 20, "observed"),
        ("partial", 50, 20, "observed"),
    ]


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"holdout": 0}, "--holdout 0 leaves no image"),
        ({"protocol": "single_positive"}, "no negative is known"),
        ({"method": "prior", "overrides": {}}, "'prior' has no setting to search"),
        ({"pruner": "median", "spaces": {"bce_iu": {"epochs": {"low": 2, "high": 8}}}}, "keep epochs fixed"),
    ],
)
def test_what_would_tell_nothing_is_refused_in_one_sentence(cache, more, words):
    from bench.planning.request import Request
    from bench.studies.search.request import ask_for

    method, holdout = more.pop("method", "bce_iu"), more.pop("holdout", 20)
    told_apart = {name: more.pop(name) for name in ("pruner", "spaces") if name in more}
    sweep = Request(
        (method,), (10,), holdout=holdout, overrides={"scenes": {}}, protocol=more.pop("protocol", "partial")
    )
    with pytest.raises(UsageError, match=words) as caught:
        ask_for(sweep, **told_apart)
    assert "\n" not in str(caught.value)


def test_unknown_names_suggest_near_ones(monkeypatch):
    from bench.studies.search.samplers import check_names

    with pytest.raises(UsageError, match="no sampler 'tpee'; did you mean 'tpe'"):
        check_names("tpee", "none")
    with pytest.raises(UsageError, match="no pruner 'medium'"):
        check_names("tpe", "medium")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(UsageError, match="--sampler cmaes needs the package 'cmaes'; `pip install cmaes`"):
        check_names("cmaes", "none")


def test_pure_parts(results, cache):
    assert objective([80.0, 90.0]) == 85.0
    with pytest.raises(ValueError, match="not a number"):
        objective([80.0, float("nan")])
    trials, _ = searched(results, *a_search(cache, sampler="random"), total=6)
    line = [value for _, value in best_so_far(trials)]
    assert line == sorted(line)
    assert best(trials).value == line[-1] == max(trial.value for trial in trials)
    assert FakeExecutor(Store(results)).slots == 1
