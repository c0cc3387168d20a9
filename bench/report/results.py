"""The typed view of a store that tables and figures are made from: one line for each place of a sweep's table."""

import dataclasses
import functools
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pandas as pd

from bench.records.origin import CellOrigin
from bench.records.rows import Row
from bench.report import source
from bench.report.figures.palette import Styles
from bench.report.selection import Selection

if TYPE_CHECKING:
    from bench.metrics import FurtherMetric
    from bench.records.measured import Measurements


@dataclass(frozen=True)
class Missing:
    """A place of the table without a number. state: planned, running, failed or skipped.

    key: the cell that should fill it, "" where the sweep leaves the place out.
    """

    method: str
    percent: int | None
    seed: int
    state: str
    reason: str
    key: str = ""


@dataclass(frozen=True)
class Results:
    """The content of a report, before it is drawn.

    frame: a line for each filled place; see `COLUMNS`. A cell that does not depend on the ratio fills several places,
    which then share its `key`.
    missing: the other places, with the reason. warnings: what makes the numbers less comparable than they look.
    baseline: the method that gains are measured against; None where there is nothing to compare. styles: how figures
    draw each method. metrics: further ones that were asked for, each a last column of the frame; measurements: of them.
    """

    selection: Selection
    frame: pd.DataFrame
    missing: tuple[Missing, ...]
    rows: Mapping[str, Row]
    warnings: tuple[str, ...]
    baseline: str | None = None
    styles: Styles = field(default_factory=dict)
    origins: Mapping[str, CellOrigin] = field(default_factory=dict)
    metrics: "tuple[FurtherMetric, ...]" = ()
    measurements: "Measurements" = field(default_factory=dict)

    @property
    def methods(self) -> tuple[str, ...]:
        """In the order of the request; also those without any number."""
        return self.selection.methods

    @property
    def percents(self) -> tuple[int | None, ...]:
        return tuple(sorted({place.percent for place in self.selection.places}, key=lambda p: -1 if p is None else p))

    @property
    def seeds(self) -> tuple[int, ...]:
        return tuple(sorted({place.seed for place in self.selection.places}))

    @functools.cached_property
    def filled(self) -> Mapping[tuple[str, int | None], tuple[Row, ...]]:
        """The distinct rows behind each (method, percent)."""
        filled: dict[tuple[str, int | None], dict[str, Row]] = {}
        for place in self.selection.places:
            if place.key and place.key in self.rows:
                filled.setdefault((place.method, place.percent), {})[place.key] = self.rows[place.key]
        return {where: tuple(rows.values()) for where, rows in filled.items()}

    @functools.cached_property
    def stale(self) -> frozenset[str]:
        """Keys of the cells that other source code made than what is installed."""
        return source.stale(self.rows.values())

    @functools.cached_property
    def gone(self) -> frozenset[str]:
        """Those of them whose method is not installed here."""
        return source.gone(self.rows[key] for key in self.stale)

    @functools.cached_property
    def shared_flags(self) -> frozenset[str]:
        """Flags that every row has."""
        flags = [frozenset(row.flags) for row in self.rows.values()]
        return frozenset.intersection(*flags) if flags else frozenset()

    @property
    def challengers(self) -> tuple[str, ...]:
        """The methods with numbers that are compared with the baseline."""
        have = set(self.frame["method"])
        return tuple(m for m in self.methods if m != self.baseline and m in have) if self.baseline else ()

    def to_json(self) -> dict[str, Any]:
        """The table as plain data, for programs that read the command line's output."""
        lines = json.loads(self.frame.to_json(orient="records", double_precision=15))
        missing = [dataclasses.asdict(gap) for gap in self.missing]
        return {"sweep": self.selection.id, "places": lines, "missing": missing, "warnings": list(self.warnings)}


COLUMNS = (
    "method", "percent", "seed", "key", "role", "mAP", "mAP_asl", "mAP_voc", "test_best", "test_best_epoch",
    "heldout_best", "heldout_best_epoch", "epochs", "trainable_parameters", "known", "known_positives",
    "known_negatives", "mask_sha256", "order_seed", "flags", "code", "finished",
)  # fmt: skip
"""The first columns of `Results.frame`; all other metrics, timings and memory follow as `<group>_<name>`.

role: "observed" (learned from the labels that were left), "ceiling" (from all labels), "unlabelled" (from none,
but from sentences, say), "untrained" (from nothing).
"""


def restricted(results: Results, methods: Sequence[str]) -> Results:
    """The same table with only these methods."""
    places = tuple(place for place in results.selection.places if place.method in methods)
    return dataclasses.replace(
        results,
        selection=dataclasses.replace(results.selection, places=places),
        frame=results.frame[results.frame["method"].isin(methods)],
        missing=tuple(gap for gap in results.missing if gap.method in methods),
    )


def role(row: Row, protocol: str) -> str:
    """What the cell learned from, seen from a table about `protocol`; see `COLUMNS`."""
    if row.epochs == 0 or row.trainable_parameters == 0:
        return "untrained"
    if row.mask.get("known") == 0:
        return "unlabelled"
    return "observed" if row.cell.protocol.name == protocol else "ceiling"
