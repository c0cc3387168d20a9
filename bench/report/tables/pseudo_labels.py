"""Table of pseudo-labels: those of the last epoch, judged by labels that no method saw."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bench.report.results import Results
from bench.report.tables.spread import over_seeds, three
from bench.report.tables.standard import number, percent_label
from bench.report.tables.table import Table, Value
from bench.stats.paired import Percent

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class PseudoKind:
    """Pseudo-labels of one sign, by the names that the curves give them (`bench.training.pseudo_quality`).

    share: the second number beside the precision: what the labels do to the hidden positives.
    """

    name: str
    title: str
    count: str
    precision: str
    share: str
    share_label: str
    recall: str
    caption: str


POSITIVES = PseudoKind(
    name="pseudo",
    title="Pseudo-labels: positives",
    count="pseudo_positives",
    precision="pseudo_positive_precision",
    share="pseudo_positive_recall",
    share_label="recall",
    recall="pseudo_positive_recall",
    caption=(
        "Of the unknown labels of the training images that a method takes for positives in its last epoch: per cent "
        "that are right (precision), per cent of all hidden positives that they are (recall), and how many there are. "
        "Where unknown labels are assumed negative, every positive that is not found is trained on as a negative."
    ),
)
NEGATIVES = PseudoKind(
    name="pseudo_negatives",
    title="Pseudo-labels: negatives",
    count="pseudo_negatives",
    precision="pseudo_negative_precision",
    share="pseudo_positives_lost",
    share_label="positives lost",
    recall="pseudo_negative_recall",
    caption=(
        "The same for negatives that a method chooses; those that are merely assumed are not among them. Positives "
        "lost: per cent of all hidden positives that are taken for negatives. Most unknown labels are negative, so a "
        "high precision is little merit; what is lost says more."
    ),
)
PSEUDO_KINDS = (POSITIVES, NEGATIVES)


def judged(curves: "pd.DataFrame", kind: PseudoKind) -> "pd.DataFrame":
    """The epochs of each cell in which pseudo-labels of this kind were judged, of methods that ever made any."""
    if not {kind.count, kind.recall} <= set(curves.columns):
        return curves.iloc[:0]  # curves of before, or of methods without pseudo-labels
    frame = curves[curves[kind.recall].notna()].drop_duplicates(["method", "percent", "key", "epoch"])
    for column in (kind.precision, kind.share):
        if column not in frame:
            frame = frame.assign(**{column: float("nan")})
    counts = frame.groupby("method")[kind.count].max()
    return frame[frame["method"].isin(counts[counts > 0].index)]


def makers(results: Results, judged: "pd.DataFrame") -> tuple[str, ...]:
    """The methods that make pseudo-labels, in the table's order."""
    have = set(judged["method"])
    return tuple(method for method in results.methods if method in have)


def pseudo_table(results: Results, judged: "pd.DataFrame", kind: PseudoKind) -> Table:
    """Methods by ratios: precision, share and count of the last epoch, mean and deviation over seeds."""
    last = judged.sort_values("epoch").drop_duplicates(["method", "percent", "key"], keep="last")
    percents = three(results.percents)
    columns = ((kind.precision, "precision"), (kind.share, kind.share_label), (kind.count, "labels"))
    places = {column: over_seeds(last, column) for column, _ in columns}

    def value(method: str, percent: Percent, column: str) -> Value:
        place = places[column].get((method, percent))
        if place is None:
            return Value("-", "missing")
        return Value(f"{place.mean:,.0f}" if column == kind.count else number(place))

    rows = [
        (Value(method), *(value(method, percent, column) for percent in percents for column, _ in columns))
        for method in makers(results, judged)
    ]
    return Table(
        title=kind.title,
        columns=("method", *_headers(percents, [label for _, label in columns])),
        rows=tuple(rows),
        caption=f"{kind.caption} Judged by full labels, which no method sees.",
    )


def _headers(percents: Iterable[Percent], labels: Sequence[str]) -> list[str]:
    return [
        label if percent is None else f"{percent_label(percent)}: {label}" for percent in percents for label in labels
    ]
