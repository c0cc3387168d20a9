"""Extent of sections: the ratios at both ends, the methods that learned from the labels left."""

from collections.abc import Sequence

from bench.report.results import Results
from bench.stats.paired import Percent


def unlearned(results: Results) -> frozenset[str]:
    """The methods that did not learn from the labels that were left."""
    return frozenset(results.frame.loc[results.frame["role"] != "observed", "method"])


def ends(percents: Sequence[Percent]) -> tuple[Percent, ...]:
    """The lowest and the highest ratio."""
    return tuple(dict.fromkeys((percents[0], percents[-1])))
