"""Statistics of results: how sure a difference is, and of what. Pure functions of arrays.

    samples = bootstrap({"a": [scores_of_seed_0, scores_of_seed_1], "b": [...]}, labels)
    difference_text(samples.difference("a", "b"))     # '+1.32 [+0.81, +1.80]': other test images
    seed_interval([1.2, 1.6, 1.1])         # other seeds
    wilcoxon_holm(independent(cells, methods))  # other datasets; refused below six

Three questions, three functions, never one number for all: what other images, other seeds, other datasets would say.
"""

from bench.stats.block_ranks import LEAST_BLOCKS_RANKS, Ranks, average_ranks
from bench.stats.blocks import (
    LEAST_BLOCKS,
    Blocks,
    Comparison,
    Measured,
    Wins,
    holm,
    independent,
    wilcoxon_holm,
    win_matrix,
)
from bench.stats.formatting import difference_text, p_text
from bench.stats.ranking import rankings, weighted_average_precision
from bench.stats.resampling import Difference, Resampled, bootstrap, difference, multiplicities, resampled_map
from bench.stats.seeds import SeedInterval, seed_interval

__all__ = [
    "LEAST_BLOCKS",
    "LEAST_BLOCKS_RANKS",
    "Blocks",
    "Comparison",
    "Difference",
    "Measured",
    "Ranks",
    "Resampled",
    "SeedInterval",
    "Wins",
    "average_ranks",
    "bootstrap",
    "difference",
    "difference_text",
    "holm",
    "independent",
    "multiplicities",
    "p_text",
    "rankings",
    "resampled_map",
    "seed_interval",
    "weighted_average_precision",
    "wilcoxon_holm",
    "win_matrix",
]  # fmt: skip
