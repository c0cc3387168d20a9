"""Table of the cost of a cell of each method."""

import math

from bench.report.results import Results
from bench.report.tables.table import Table, Value


def cost_table(results: Results) -> Table:
    """What a cell of each method costs."""
    cells = results.frame.drop_duplicates("key")
    names = {"time_train": "training, s", "time_total": "whole cell, s"}
    names |= {c: f"peak memory ({c.removeprefix('memory_')}), MiB" for c in cells.columns if c.startswith("memory_")}
    chosen = {c: name for c, name in names.items() if c in cells.columns}
    rows = []
    for method in results.methods:
        selected = cells[cells["method"] == method]
        if selected.empty:
            continue
        parameters = f"{int(selected['trainable_parameters'].max()):,}"
        means = [selected[column].mean() for column in chosen]
        digits = [1 if column.startswith("time") else 0 for column in chosen]
        texts = ["-" if math.isnan(v) else f"{v:,.{d}f}" for v, d in zip(means, digits, strict=True)]
        rows.append((Value(method), Value(str(len(selected))), Value(parameters), *map(Value, texts)))
    return Table(
        title="Cost",
        columns=("method", "cells", "trained parameters", *chosen.values()),
        rows=tuple(rows),
        caption="Means over cells. The image encoder is frozen and its features are cached: their cost is not in it.",
    )
