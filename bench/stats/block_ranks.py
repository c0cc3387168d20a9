"""Average ranks of methods over blocks, Friedman's test, and the cliques of methods that no test distinguishes."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from bench.errors import UsageError
from bench.stats.blocks import Blocks, Comparison, enough, wilcoxon_holm

LEAST_BLOCKS_RANKS = 10
"""Average ranks over fewer blocks place methods by chance."""


@dataclass(frozen=True)
class Ranks:
    """Average ranks (1 is best), and what a critical-difference diagram joins by a bar.

    friedman: p of the hypothesis that all methods are alike. cliques: groups of methods, neighbours by rank, in which
    no pair differs significantly by Wilcoxon-Holm; only the largest.
    """

    average: Mapping[str, float]
    friedman: float
    comparisons: tuple[Comparison, ...]
    cliques: tuple[tuple[str, ...], ...]
    blocks: int


def average_ranks(blocks: Blocks) -> Ranks:
    """Of three methods or more over ten independent blocks or more; refused with fewer."""
    enough(blocks, LEAST_BLOCKS_RANKS, "a ranking of methods")
    if len(blocks.methods) < 3:
        raise UsageError(
            f"a ranking needs 3 methods or more, but there are {len(blocks.methods)}; use Wilcoxon's test."
        )
    from scipy.stats import friedmanchisquare, rankdata  # half a second of start-up

    means = rankdata(-blocks.values, axis=1).mean(axis=0)
    order = [blocks.methods[i] for i in np.argsort(means, kind="stable")]
    comparisons = wilcoxon_holm(blocks)
    apart = {frozenset((c.method, c.against)) for c in comparisons if not c.not_significant}
    return Ranks(
        {method: float(mean) for mean, method in sorted(zip(means, blocks.methods, strict=True))},
        float(friedmanchisquare(*blocks.values.T).pvalue),
        comparisons,
        tuple(_cliques(order, apart)),
        len(blocks.names),
    )


def _cliques(order: Sequence[str], apart: set[frozenset[str]]) -> Iterable[tuple[str, ...]]:
    """Longest runs of neighbours, two or more, of whom no two are apart."""
    reached = 0
    for start in range(len(order)):
        end = start + 1
        while end < len(order) and all(frozenset((order[i], order[end])) not in apart for i in range(start, end)):
            end += 1
        if end - start > 1 and end > reached:
            yield tuple(order[start:end])
        reached = max(reached, end)
