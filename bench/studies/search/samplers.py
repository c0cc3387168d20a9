"""Optuna's samplers and pruners with every argument that matters written out, since their defaults change."""

import importlib.util
from collections.abc import Callable, Sequence
from typing import Any

import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.pruners import BasePruner, HyperbandPruner, MedianPruner, NopPruner
from optuna.samplers import BaseSampler, GPSampler, RandomSampler, TPESampler
from optuna.trial import FrozenTrial, TrialState

from bench.errors import UsageError
from bench.settings.ranges import Choice, Number, Range
from bench.studies.search.space import Space
from bench.system.seeding import stream_seed
from bench.system.wording import nearest

STARTUP = 10
"""Trials drawn at random before a sampler begins to learn (Optuna's default for TPE and the Gaussian process)."""

SAMPLERS: dict[str, str] = {
    "tpe": "tree-structured Parzen estimator, multivariate, with constant liar",
    "random": "independent draws",
    "cmaes": "CMA-ES on the numbers; choices are drawn at random",
    "gp": "Gaussian process with expected improvement",
}
PRUNERS: dict[str, str] = {
    "none": "every trial runs to its end",
    "median": "a trial ends when its best so far is below the median of the others at the same epoch",
    "hyperband": "successive halving by a factor of 3, over several smallest numbers of epochs",
}
NEEDS = {"cmaes": ("cmaes",), "gp": ("torch", "scipy")}


def distribution(range_: Range) -> BaseDistribution:
    """Optuna's word for a range."""
    if isinstance(range_, Choice):
        return CategoricalDistribution(range_.options)
    assert isinstance(range_, Number)
    if range_.whole:
        return IntDistribution(int(range_.low), int(range_.high), log=range_.log)
    return FloatDistribution(range_.low, range_.high, log=range_.log)


def distributions(space: Space) -> dict[str, BaseDistribution]:
    return {option: distribution(range_) for option, range_ in space.items()}


def check_names(sampler: str, pruner: str) -> None:
    """UsageError for a sampler or pruner that does not exist, or that lacks its package."""
    if sampler not in SAMPLERS:
        raise UsageError(f"There is no sampler {sampler!r}; {nearest(sampler, SAMPLERS)}")
    if pruner not in PRUNERS:
        raise UsageError(f"There is no pruner {pruner!r}; {nearest(pruner, PRUNERS)}")
    for package in NEEDS.get(sampler, ()):
        if importlib.util.find_spec(package) is None:
            raise UsageError(
                f"--sampler {sampler} needs the package {package!r}; `pip install {package}`, or take tpe."
            )


def make_sampler(name: str, seed: int) -> BaseSampler:
    """A fresh sampler; what it has learned is in the study."""
    independent = RandomSampler(seed=seed)
    make: dict[str, Callable[[], BaseSampler]] = {
        "random": lambda: RandomSampler(seed=seed),
        "tpe": lambda: TPESampler(
            n_startup_trials=STARTUP, n_ei_candidates=24, multivariate=True, group=False, constant_liar=True, seed=seed
        ),
        "cmaes": lambda: _cmaes(
            n_startup_trials=1, independent_sampler=independent, warn_independent_sampling=False, seed=seed
        ),
        "gp": lambda: GPSampler(
            n_startup_trials=STARTUP, independent_sampler=independent, deterministic_objective=False, seed=seed
        ),
    }
    return make[name]()


def _cmaes(**settings: Any) -> BaseSampler:
    from bench.studies.search.cmaes import PlainCmaEsSampler  # only here is its package needed

    return PlainCmaEsSampler(**settings)


def make_pruner(name: str, epochs: int) -> BasePruner:
    """A pruner over epochs 1 to `epochs`. The median counts from a third of the epochs on, after five trials."""
    if name == "median":
        return MedianPruner(n_startup_trials=5, n_warmup_steps=max(1, epochs // 3), interval_steps=1, n_min_trials=3)
    if name == "hyperband":
        return HyperbandPruner(min_resource=1, max_resource=max(epochs, 1), reduction_factor=3)
    return NopPruner()


class Reseeded(BaseSampler):
    """A sampler whose randomness depends on the trial's number alone: a fresh one, with its own seed, for each.

    So the proposal for trial k follows from the trials before it and from `seed`, also after a kill and in any process.
    """

    def __init__(self, name: str, *axes: str | int):
        """axes: of the random stream "search"."""
        self.name, self.axes = name, axes
        self._number, self._sampler = -1, make_sampler(name, 0)
        self._drawn: list[str] = []

    def _of(self, trial: FrozenTrial) -> BaseSampler:
        if trial.number != self._number:
            seed = stream_seed("search", *self.axes, trial.number) % 2**32
            self._number, self._sampler = trial.number, make_sampler(self.name, seed)
        return self._sampler

    def infer_relative_search_space(self, study: optuna.Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        return self._of(trial).infer_relative_search_space(study, trial)

    def sample_relative(
        self, study: optuna.Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        proposed = self._of(trial).sample_relative(study, trial, search_space)
        self._drawn = [option for option in trial.params if option not in proposed]
        return proposed

    def sample_independent(
        self, study: optuna.Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        sampler = self._of(trial)
        while self._drawn:  # before a kill: drawn again, or the next draw would be another
            known = self._drawn.pop()
            sampler.sample_independent(study, trial, known, trial.distributions[known])
        return sampler.sample_independent(study, trial, param_name, param_distribution)

    def before_trial(self, study: optuna.Study, trial: FrozenTrial) -> None:
        self._of(trial).before_trial(study, trial)

    def after_trial(
        self, study: optuna.Study, trial: FrozenTrial, state: TrialState, values: Sequence[float] | None
    ) -> None:
        self._of(trial).after_trial(study, trial, state, values)
