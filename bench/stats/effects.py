"""Effects of a factorial design: of each part, averaged over all contexts of the others, and of pairs of parts.

With every combination present these are the effects of effects coding (twice the coefficients of a regression on -1 and
+1). Where combinations cannot be, or are missing, they are averages over the contexts in which the comparison can be
made, and need no model.
"""

import itertools
import statistics
from collections.abc import Mapping, Sequence

Context = frozenset[str]


def main_effect(values: Mapping[Context, float], part: str) -> float | None:
    """Mean over contexts of: with the part minus without it; None where no context has both.

    >>> main_effect({frozenset(): 60.0, frozenset({"a"}): 65.0}, "a")
    5.0
    """
    gains = [values[on | {part}] - values[on] for on in values if part not in on and on | {part} in values]
    return statistics.fmean(gains) if gains else None


def interaction(values: Mapping[Context, float], one: str, other: str) -> float | None:
    """Half of how much more one part brings with the other than without it, averaged over contexts.

    Positive: together they bring more than their sum. None where no context has all four combinations.
    """
    both = {one, other}
    gains = []
    for on in values:
        corners = (on | both, on | {one}, on | {other}, on)
        if not on & both and all(corner in values for corner in corners):
            together, first, second, neither = (values[corner] for corner in corners)
            gains.append((together - first - second + neither) / 2)
    return statistics.fmean(gains) if gains else None


def all_effects(values: Mapping[Context, float], parts: Sequence[str]) -> dict[tuple[str, ...], float]:
    """Main effects by (part,), interactions by (part, part); those that cannot be had are left out."""
    effects: dict[tuple[str, ...], float | None] = {(part,): main_effect(values, part) for part in parts}
    for one, other in itertools.combinations(parts, 2):
        effects[one, other] = interaction(values, one, other)
    return {name: effect for name, effect in effects.items() if effect is not None}
