"""Captions of the figures: how each is read, and over how many seeds."""

from collections.abc import Sequence

from bench.report.figures.many_methods import drawn_percents, has_many_methods
from bench.report.results import Results
from bench.report.tables.compared import Compared
from bench.stats.paired import LEAST


def seeds_of(results: Results) -> str:
    """How many there are, as words."""
    n = len(results.seeds)
    return f"{n} seeds" if n > 1 else "one seed"


def averaged(results: Results) -> str:
    """What a line is."""
    return f"means over {seeds_of(results)}" if len(results.seeds) > 1 else "single cells (one seed)"


def ratio_words(results: Results) -> tuple[str, str]:
    """What the main figure shows, and how to read it."""
    alt = "mAP over the share of known labels"
    if has_many_methods(results):
        return alt, _ranked_words(results)
    if len(results.percents) == 1:
        return alt, f"Large marks are {averaged(results)}{', small ones the cells' if len(results.seeds) > 1 else ''}."
    bands = (
        " Bands are one standard deviation over seeds of what tells methods apart: what a seed's mask does to all of "
        "them alike is taken off (Cousineau and Morey), while the table's ± has it in."
        if len(results.seeds) > 1
        else ""
    )
    return alt, f"Lines are {averaged(results)}; dashed lines do not depend on the ratio.{bands}"


def _ranked_words(results: Results) -> str:
    n = len(results.seeds)
    percents = [percent for percent in drawn_percents(results) if percent is not None]
    ratios = f" at {' %, '.join(map(str, percents))} %" if percents else ""
    inside = {1: ""}.get(n, f", lines {'the range' if n == 2 else '95 % intervals of Student t'} over {n} seeds")
    lines = f" Dashed: {results.baseline} at the same ratios." if results.baseline else ""
    return (
        f"Mean mAP{ratios}{inside}; best at the lowest ratio first.{lines} Grey diamonds do not depend on the "
        "ratio; those that saw all labels, or were not trained, are drawn from top to bottom. Intervals are cut at the "
        "frame."
    )


def learning_words(results: Results) -> tuple[str, str]:
    """The same for learning curves."""
    bands = ", bands one standard deviation" if len(results.seeds) > 1 else ""
    return "Test mAP over epochs for each share of known labels", f"Lines are {averaged(results)}{bands}."


def gain_words(compared: Sequence[Compared], baseline: str) -> tuple[str, str]:
    """The same for gains over the baseline, by how many pairs there are."""
    counts = sorted({gain.n for line in compared for gain in line.gains.values()})
    n, most = " or ".join(map(str, counts)), max(counts, default=0)
    if most >= LEAST:
        fewer = ", fewer than 3 with their range" if counts[0] < LEAST else ""
        inside = f"with 95 % intervals of Student's t over seeds (n = {n}{fewer}); hollow marks: the interval holds 0"
    else:
        inside = f"(n = {n} seed{'' if n == '1' else 's'})"
        inside += "; whiskers are the range of the two, which is no interval" if most == 2 else ", without an interval"
    alt = f"mAP minus that of {baseline}, paired by ratio and seed"
    return alt, f"Means of paired differences {inside}. Only methods that learned from the labels that were left."
