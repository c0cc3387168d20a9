"""The same cells under other rules: which epoch counts, and which definition of average precision."""

from bench.report.results import Results
from bench.report.tables.flags import common_flags, own_flags, rows_of
from bench.report.tables.spread import mean_over_ratios
from bench.report.tables.standard import number, ranks
from bench.report.tables.table import Footnotes, Table, Value


def average_table(results: Results) -> Table:
    """The same cells under other rules: which epoch counts, and which definition of average precision."""
    columns = {
        "last epoch": "mAP",
        "best on held-out": "heldout_best",
        "best on test (oracle)": "test_best",
        "mAP, ASL's code": "mAP_asl",
        "mAP, VOC envelope": "mAP_voc",
    }
    notes = Footnotes()
    flags = {m: notes.marks(own_flags(results, rows_of(results, m))) for m in results.methods}
    body = []
    for column in columns.values():
        averages = mean_over_ratios(results.frame, column, results.percents)
        styles = ranks(results, {m: s.mean for m, s in averages.items()})
        body.append([
            Value(number(averages[m]), styles[m], flags[m]) if m in averages else Value("-", "missing")
            for m in results.methods
        ])  # fmt: skip
    return Table(
        title="Averages over ratios: epoch selection and definitions of mAP",
        columns=("method", *columns),
        rows=tuple(zip(map(Value, results.methods), *body, strict=True)),
        caption=(
            "Last epoch is the headline. Best on held-out chooses the epoch on training images kept out of training"
            f"{_held_out(results)}. Best on test chooses it on the test images, which no user of a method can do; "
            "most papers print it. The two other definitions are of the last epoch: mean precision at the positives' "
            "ranks, with classes without positives as 0 (ASL, DualCoOp, SCPNet), and the same after making "
            f"precision monotone (SSGRL, SST, SARB, Query2Label).{common_flags(results)}"
        ),
        footnotes=tuple(notes.texts),
    )


def _held_out(results: Results) -> str:
    """By which labels held-out images were judged, as the end of a sentence."""
    if not results.frame["heldout_best"].notna().any():
        return "; none were here (`--holdout 20` keeps some)"
    judged = {row.cell.judged for row in results.rows.values() if row.heldout_best}
    kinds = {"full": "all their labels, hidden ones included", "observed": "the labels that the protocol leaves known"}
    return f", judged by {' or, in some cells, by '.join(kinds[one] for one in sorted(judged))}"
