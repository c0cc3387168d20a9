"""Methods across datasets as tables and as plain data."""

from collections.abc import Iterator
from typing import Any

from bench.report.across import Across
from bench.report.tables.table import Style, Table, Value, flagged, ranked
from bench.stats import LEAST_BLOCKS, LEAST_BLOCKS_RANKS, p_text, wilcoxon_holm


def across_tables(found: Across) -> dict[str, Table]:
    """By file name: means on each dataset, and from six datasets on the tests against the baseline."""
    tables = {"across": _means(found)}
    if len(found.blocks.names) >= LEAST_BLOCKS:
        tables["across_tests"] = _tests(found)
    return {name: flagged(table, found.flags) for name, table in tables.items()}


def _means(found: Across) -> Table:
    """Method x dataset, with the average rank where it means something."""
    values, ranks = found.blocks.values, found.ranks
    columns = [
        [Value(f"{v:.1f}", style) for v, style in zip(line, ranked(line.tolist()), strict=True)] for line in values
    ]
    if ranks is not None:
        places = [ranks.average[method] for method in found.blocks.methods]
        styles = ranked([-place for place in places])
        columns.append([Value(f"{place:.2f}", style) for place, style in zip(places, styles, strict=True)])
    n = len(found.blocks.names)
    told = [
        f"Mean mAP in percent over the ratios and seeds at which all these methods have a number (n = {n} datasets; "
        "each counts once, since its ratios and seeds are not independent)."
    ]
    if ranks is not None:
        told.append(f"Average rank: 1 is best; Friedman's test of no difference: {p_text(ranks.friedman)}.")
    else:
        told.append(f"No average ranks: they need {LEAST_BLOCKS_RANKS} datasets and three methods.")
    if n < LEAST_BLOCKS:
        told.append(f"No test: with fewer than {LEAST_BLOCKS} datasets even a winner in all of them has p > 0.05.")
    told += [f"Left out: {method}, which has no number on {place}." for method, place in found.left_out.items()]
    rows = tuple(zip(map(Value, found.blocks.methods), *columns, strict=True))
    header = ("method", *found.blocks.names, *(["average rank"] if ranks is not None else []))
    return Table(f"Across datasets: {found.where}", header, rows, " ".join(told))


def _tests(found: Across) -> Table:
    rows = tuple(_test_row(found))
    return Table(
        title=f"Across datasets: against {found.baseline}",
        columns=("method", "median difference", "ahead, level, behind", "p", "p (Holm)"),
        rows=rows,
        caption=(
            f"Wilcoxon's signed-rank test over n = {len(found.blocks.names)} datasets, two-sided; Holm's correction "
            f"for the {len(rows)} comparisons of this table; n.s.: its p is above 0.05."
        ),
    )


def _test_row(found: Across) -> Iterator[tuple[Value, ...]]:
    columns = dict(zip(found.blocks.methods, found.blocks.values.T, strict=True))
    for test in wilcoxon_holm(found.blocks, found.baseline):
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


def across_records(found: Across) -> list[dict[str, Any]]:
    """A record for each method and dataset in full precision, for a CSV file and for programs."""
    return [
        {"method": method, "dataset": dataset, "mAP": float(value)}
        for dataset, line in zip(found.blocks.names, found.blocks.values, strict=True)
        for method, value in zip(found.blocks.methods, line, strict=True)
    ]


def _test_records(found: Across) -> list[dict[str, Any]]:
    """The tests against the baseline; [] with too few datasets."""
    if len(found.blocks.names) < LEAST_BLOCKS:
        return []
    compared = wilcoxon_holm(found.blocks, found.baseline)
    return [{**one._asdict(), "not_significant": one.not_significant} for one in compared]


def as_data(found: Across) -> dict[str, Any]:
    """All of it as plain data."""
    ranks = found.ranks
    return {
        "where": found.where,
        "datasets": list(found.blocks.names),
        "baseline": found.baseline,
        "left_out": dict(found.left_out),
        "means": across_records(found),
        "tests": _test_records(found),
        "ranks": dict(ranks.average) if ranks else None,
        "friedman": ranks.friedman if ranks else None,
    }
