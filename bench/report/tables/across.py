"""Methods across datasets as tables and as plain data."""

from collections.abc import Iterator
from typing import Any

from bench.report.across import Across
from bench.report.tables.table import Style, Table, Value, flagged, ranked
from bench.stats import LEAST_BLOCKS, LEAST_BLOCKS_RANKS, p_text, wilcoxon_holm


def across_tables(comparison: Across) -> dict[str, Table]:
    """By file name: means on each dataset, and from six datasets on the tests against the baseline."""
    tables = {"across": _means(comparison)}
    if len(comparison.blocks.names) >= LEAST_BLOCKS:
        tables["across_tests"] = _tests(comparison)
    return {name: flagged(table, comparison.flags) for name, table in tables.items()}


def _means(comparison: Across) -> Table:
    """Method x dataset, with the average rank where it means something."""
    values, ranks = comparison.blocks.values, comparison.ranks
    columns = [
        [Value(f"{v:.1f}", style) for v, style in zip(line, ranked(line.tolist()), strict=True)] for line in values
    ]
    if ranks is not None:
        places = [ranks.average[method] for method in comparison.blocks.methods]
        styles = ranked([-place for place in places])
        columns.append([Value(f"{place:.2f}", style) for place, style in zip(places, styles, strict=True)])
    n = len(comparison.blocks.names)
    sentences = [
        f"Mean mAP in percent over the ratios and seeds at which all these methods have a number (n = {n} datasets; "
        "each counts once, since its ratios and seeds are not independent)."
    ]
    if ranks is not None:
        sentences.append(f"Average rank: 1 is best; Friedman's test of no difference: {p_text(ranks.friedman)}.")
    else:
        sentences.append(f"No average ranks: they need {LEAST_BLOCKS_RANKS} datasets and three methods.")
    if n < LEAST_BLOCKS:
        sentences.append(f"No test: with fewer than {LEAST_BLOCKS} datasets even a winner in all of them has p > 0.05.")
    sentences += [
        f"Left out: {method}, which has no number on {place}." for method, place in comparison.left_out.items()
    ]
    rows = tuple(zip(map(Value, comparison.blocks.methods), *columns, strict=True))
    header = ("method", *comparison.blocks.names, *(["average rank"] if ranks is not None else []))
    return Table(f"Across datasets: {comparison.where}", header, rows, " ".join(sentences))


def _tests(comparison: Across) -> Table:
    rows = tuple(_test_row(comparison))
    return Table(
        title=f"Across datasets: against {comparison.baseline}",
        columns=("method", "median difference", "ahead, level, behind", "p", "p (Holm)"),
        rows=rows,
        caption=(
            f"Wilcoxon's signed-rank test over n = {len(comparison.blocks.names)} datasets, two-sided; Holm's "
            f"correction for the {len(rows)} comparisons of this table; n.s.: its p is above 0.05."
        ),
    )


def _test_row(comparison: Across) -> Iterator[tuple[Value, ...]]:
    columns = dict(zip(comparison.blocks.methods, comparison.blocks.values.T, strict=True))
    for test in wilcoxon_holm(comparison.blocks, comparison.baseline):
        gaps = columns[test.method] - columns[test.against]
        counts = [int((gaps > 0).sum()), int((gaps == 0).sum()), int((gaps < 0).sum())]
        aside: Style = "aside" if test.not_significant else ""
        verdict = f"{_p(test.adjusted)} n.s." if test.not_significant else _p(test.adjusted)
        median = f"{test.median:+.2f}".replace("-", "−")
        yield (
            Value(test.method),
            Value(median, aside),
            Value(", ".join(map(str, counts))),
            Value(_p(test.p) + ("" if test.exact else " (approximate)")),
            Value(verdict, aside),
        )


def _p(value: float) -> str:
    return p_text(value).removeprefix("p = ").removeprefix("p ")


def across_records(comparison: Across) -> list[dict[str, Any]]:
    """A record for each method and dataset in full precision, for a CSV file and for programs."""
    return [
        {"method": method, "dataset": dataset, "mAP": float(value)}
        for dataset, line in zip(comparison.blocks.names, comparison.blocks.values, strict=True)
        for method, value in zip(comparison.blocks.methods, line, strict=True)
    ]


def _test_records(comparison: Across) -> list[dict[str, Any]]:
    """The tests against the baseline; [] with too few datasets."""
    if len(comparison.blocks.names) < LEAST_BLOCKS:
        return []
    compared = wilcoxon_holm(comparison.blocks, comparison.baseline)
    return [{**one._asdict(), "not_significant": one.not_significant} for one in compared]


def as_data(comparison: Across) -> dict[str, Any]:
    """All of it as plain data."""
    ranks = comparison.ranks
    return {
        "where": comparison.where,
        "datasets": list(comparison.blocks.names),
        "baseline": comparison.baseline,
        "left_out": dict(comparison.left_out),
        "means": across_records(comparison),
        "tests": _test_records(comparison),
        "ranks": dict(ranks.average) if ranks else None,
        "friedman": ranks.friedman if ranks else None,
    }
