"""The numbers of a sweep as a frame: a row for each filled place of its table."""

from typing import TYPE_CHECKING

from bench.records.frame import ROW_COLUMNS, record_of, typed
from bench.report import Results

if TYPE_CHECKING:
    import pandas as pd

PLACE_COLUMNS = {
    "method": "the line of the table: a method's name, with the settings of a grid: asl [lr=0.01]",
    "percent": "share of known labels in percent; missing where the protocol has no ratio",
    "seed": "the place's seed; a cell that does not depend on it fills the places of all seeds",
    "role": "learned from the labels left (observed), all labels (ceiling), none (unlabelled), or untrained",
    **{name: meaning for name, meaning in ROW_COLUMNS.items() if name not in ("method", "percent", "seed")},
}
"""The first columns of `Sweep.to_frame`; the others are those of `bench.records.frame`."""


def places(results: Results) -> "pd.DataFrame":
    """A row for each place with a number; places that one cell fills share its `key`."""
    names, metrics = ("method", "percent", "seed", "role"), [metric.written for metric in results.metrics]
    lines = results.frame[[*names, "key", *metrics]].to_dict("records")
    records = [
        {**record_of(results.rows[line["key"]]), **{name: line[name] for name in (*names, *metrics)}} for line in lines
    ]
    return typed(records, first=names, kinds={"role": "string"})
