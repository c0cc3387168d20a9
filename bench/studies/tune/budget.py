"""The best of fewer trials, from the trials that were kept: no training is repeated.

Settings are drawn independently, so any order of the trials could have been the one that was run. The first trial alone
has its place where it is the settings as they were: a budget of one is those settings.

>>> [expected_best([70.0, 80.0, 60.0], k) for k in (1, 2, 3)]
[70.0, 75.0, 80.0]
"""

import math
from collections.abc import Sequence

BUDGETS = (1, 5, 20, 100)
"""Trials for which tables say what they would have led to, beside the whole budget."""

HeldoutLevel = float | None
"""The held-out mAP of a trial; None for one that failed or was pruned, which has used up its place all the same."""


def expected_best(outcomes: Sequence[HeldoutLevel], k: int, first_fixed: bool = True) -> float | None:
    """The expected best of the first `k` trials over all orders of them, the first one staying where it is.

    Orders of which no trial among the first `k` has a number are left out; None if that is all of them.
    """
    if not 1 <= k <= len(outcomes):
        return None
    fixed = list(outcomes[:1]) if first_fixed else []
    others, drawn = outcomes[len(fixed) :], k - len(fixed)
    floor = fixed[0] if fixed else None
    numbers = sorted((max(x, -math.inf if floor is None else floor) for x in others if x is not None), reverse=True)
    # The best of `drawn` out of n is the one of rank r (from 0) where all others are among the n - 1 - r behind it.
    n, ways = len(others), math.comb(len(others), drawn)
    weights = [math.comb(n - 1 - rank, drawn - 1) / ways if drawn else 0.0 for rank in range(len(numbers))]
    total, share = sum(w * x for w, x in zip(weights, numbers, strict=True)), sum(weights)
    if floor is not None:
        return total + (1 - share) * floor
    return total / share if share else None


def shown_budgets(trials: int) -> tuple[int, ...]:
    """The budgets of a table over so many trials.

    >>> shown_budgets(20), shown_budgets(7)
    ((1, 5, 20), (1, 5, 7))
    """
    return (*(budget for budget in BUDGETS if budget < trials), trials)
