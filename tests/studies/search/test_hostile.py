"""A storage that others can write to: what stands in it is data, also where Optuna would unpickle it."""

import pickle

import optuna
import pytest
from helpers.hostile import Hostile
from helpers.search_world import a_search, opened, searched
from optuna.samplers import CmaEsSampler
from optuna.trial import TrialState, create_trial

from bench.errors import DataError
from bench.studies.search.cmaes import PlainCmaEsSampler

pytestmark = pytest.mark.slow

STATE = "cma:optimizer:0"


def planted(results, cache, content: str) -> None:
    """A search of CMA-ES that goes on after somebody has put `content` where its state is looked for."""
    request, dataset = a_search(cache, sampler="cmaes")
    searched(results, request, dataset, total=3)
    session = opened(results, request, dataset, 6)
    trial = [trial for trial in session.trials.all if trial.state == TrialState.COMPLETE][-1]
    like = {name: getattr(trial, name) for name in ("params", "distributions", "value", "user_attrs")}
    session.trials.study.add_trial(create_trial(**like, system_attrs={STATE: content}))
    searched(results, request, dataset, total=6)


def test_code_in_the_state_of_cmaes_is_not_run(tmp_path, cache):
    marker = tmp_path / "marker"
    with pytest.raises(DataError, match=r"trial 3 holds no state of CMA-ES \(it holds posix\.mkdir.*--sampler tpe"):
        planted(tmp_path / "results", cache, pickle.dumps(Hostile(marker)).hex())
    assert not marker.exists()


@pytest.mark.parametrize("content", ["no hex", "", "80", pickle.dumps([1, 2]).hex()])
def test_another_state_of_cmaes_is_one_sentence(content, tmp_path, cache):
    with pytest.raises(DataError, match="trial 3 holds no state of CMA-ES") as caught:
        planted(tmp_path / "results", cache, content)
    assert "\n" not in str(caught.value)


def test_optuna_itself_would_run_it(tmp_path):
    """Fails when the repair is no longer needed."""
    marker = tmp_path / "marker"
    study = optuna.create_study(sampler=CmaEsSampler(seed=0))
    study.optimize(lambda trial: trial.suggest_float("x", 0, 1) + trial.suggest_float("y", 0, 1), n_trials=3)
    last = study.trials[-1]
    like = {name: getattr(last, name) for name in ("params", "distributions", "value")}
    study.add_trial(create_trial(**like, system_attrs={STATE: pickle.dumps(Hostile(marker)).hex()}))
    study.ask({name: optuna.distributions.FloatDistribution(0, 1) for name in "xy"})
    assert marker.exists()


def test_proposals_are_optunas_own():
    """Over several generations, each of which restores the one before."""

    def proposals(sampler):
        study = optuna.create_study(sampler=sampler)
        study.optimize(
            lambda trial: (trial.suggest_float("x", 0, 1) - 0.3) ** 2 + trial.suggest_int("n", 1, 9), n_trials=40
        )
        assert any(STATE in trial.system_attrs for trial in study.trials)
        return [trial.params for trial in study.trials]

    assert proposals(PlainCmaEsSampler(seed=1)) == proposals(CmaEsSampler(seed=1))
