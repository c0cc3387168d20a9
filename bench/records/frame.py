"""Finished cells as a frame: a row a cell, typed columns."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from bench.records.component import canonical_json
from bench.records.rows import Row

if TYPE_CHECKING:
    import pandas as pd

ROW_COLUMNS = {
    "method": "name of the method",
    "percent": "share of known labels in percent; missing where the cell has no ratio",
    "seed": "seed of mask, initialisation and order",
    "mAP": "mean average precision on the test split after the last epoch, in percent",
    "test_best": "mAP of the best epoch on the test split (what most papers print), in percent",
    "test_best_epoch": "that epoch",
    "heldout_best": "mAP of the best epoch on held-out training images; missing without any",
    "heldout_best_epoch": "that epoch",
    "dataset": "name of the dataset",
    "protocol": "name of the rule that hides labels",
    "backbone": "name of the frozen encoder",
    "feed": "where training features come from: plain, views or live",
    "holdout": "percent of the training images held out",
    "settings": "the method's settings, as JSON",
    "epochs": "epochs trained",
    "trainable_parameters": "number of trained parameters",
    "known": "share of labels left known by the mask",
    "mask_sha256": "hash of the mask: equal for equal labels",
    "flags": "what must be said beside the number, such as reconstruction",
    "finished": "when the cell finished (UTC)",
    "code": "hash of the method's source",
    "key": "the cell's key",
}
"""The first columns; other metrics follow under their names, then `time_<name>` (seconds) and `memory_<name>` (MiB)."""

_KINDS = {
    **dict.fromkeys(("method", "dataset", "protocol", "backbone", "feed", "settings"), "string"),
    **dict.fromkeys(("mask_sha256", "flags", "code", "key"), "string"),
    **dict.fromkeys(("percent", "test_best_epoch", "heldout_best_epoch"), "Int64"),
    **dict.fromkeys(("seed", "holdout", "epochs", "trainable_parameters"), "int64"),
    **dict.fromkeys(("mAP", "test_best", "heldout_best", "known"), "float64"),
}


def frame_of(rows: Iterable[Row]) -> "pd.DataFrame":
    """A row for each cell, in the given order."""
    return typed([record_of(row) for row in rows])


def record_of(row: Row) -> dict[str, Any]:
    """One cell as a flat record."""
    cell, mask, heldout = row.cell, row.mask, row.heldout_best or {}
    return {
        "method": cell.method.name,
        "percent": cell.percent,
        "seed": cell.seed,
        "mAP": row.metrics.get("mAP"),
        "test_best": row.test_best.get("mAP"),
        "test_best_epoch": row.test_best.get("epoch"),
        "heldout_best": heldout.get("mAP"),
        "heldout_best_epoch": heldout.get("epoch"),
        "dataset": cell.dataset.name,
        "protocol": cell.protocol.name,
        "backbone": cell.backbone.name,
        "feed": cell.feed.name,
        "holdout": cell.holdout,
        "settings": canonical_json(cell.method.options),
        "epochs": row.epochs,
        "trainable_parameters": row.trainable_parameters,
        "known": mask.get("known"),
        "mask_sha256": mask.get("sha256"),
        "flags": "; ".join(row.flags),
        "finished": row.finished,
        "code": row.code,
        "key": row.key,
        **{name: value for name, value in row.metrics.items() if name != "mAP"},
        **{f"time_{name}": value for name, value in row.timings.items()},
        **{f"memory_{name}": value for name, value in row.peak_memory.items()},
    }


def typed(
    records: Sequence[Mapping[str, Any]], first: Sequence[str] = (), kinds: Mapping[str, str] | None = None
) -> "pd.DataFrame":
    """The records with typed columns. first: columns before those of `ROW_COLUMNS`; kinds: their types."""
    import pandas as pd

    known = [*first, *(name for name in ROW_COLUMNS if name not in first)]
    others = dict.fromkeys(name for record in records for name in record if name not in known)
    frame = pd.DataFrame(records, columns=[*known, *others])
    frame = frame.astype({**_KINDS, **(kinds or {}), **dict.fromkeys(others, "float64")})
    frame["finished"] = pd.to_datetime(frame["finished"], utc=True, format="ISO8601").dt.as_unit("us")
    return frame
