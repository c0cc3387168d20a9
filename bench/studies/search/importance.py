"""Importance of options: the share of the objective's variance that each explains (functional ANOVA)."""

from collections.abc import Sequence

import optuna
from optuna.importance import FanovaImportanceEvaluator, get_param_importances
from optuna.trial import create_trial

from bench.studies.search.outcome import TrialRecord
from bench.studies.search.samplers import distributions
from bench.studies.search.space import Space

FEWEST_TRIALS = 8
"""Complete trials below which a forest has nothing to tell."""


def importances(trials: Sequence[TrialRecord], space: Space) -> dict[str, float]:
    """Shares by option, largest first, summing to 1; empty with too few complete trials or none that differ.

    Hutter et al., An Efficient Approach for Assessing Hyperparameter Importance, ICML 2014; Optuna's implementation.
    """
    complete = [trial for trial in trials if trial.state == "complete" and trial.value is not None]
    if len(complete) < FEWEST_TRIALS or len({trial.value for trial in complete}) < 2:
        return {}
    study = optuna.create_study(direction="maximize", storage=optuna.storages.InMemoryStorage())
    study.add_trials(
        create_trial(params=dict(trial.settings), distributions=distributions(space), value=trial.value)
        for trial in complete
    )
    evaluator = FanovaImportanceEvaluator(n_trees=32, max_depth=32, seed=0)
    shares = get_param_importances(study, evaluator=evaluator, normalize=True)
    return {option: float(share) for option, share in shares.items()}
