"""The typed result of a finished cell: with curves and scores, all that reports and MLflow read."""

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bench.records.cells import Cell

ROW_SCHEMA = 1


@dataclass(frozen=True)
class Row:
    """One finished cell.

    metrics: the last epoch's test metrics in percent (`bench.stats.metrics.summary`): the headline. A search's cell,
    which has no test split, has `heldout_mAP` and the number of its known entries, and nothing under
    test_best and class_ap.
    test_best, heldout_best: mAP in percent of the best epoch on test ("oracle", what most papers print; empty where
    test was scored after the last epoch only), and of the epoch that was best on the held-out training images (None
    without a held-out part).
    class_ap: test AP in percent per class name, None for a class without test positives.
    data: `Dataset.facts`: images, images left out as unreadable, whether the lists are the official ones.
    mask: `protocols.MaskFacts` as a dict. timings: seconds. peak_memory: allocated MiB, here and on a GPU.
    environment: versions, device, threads, determinism flags, git commit.
    code: hash of the method's source, to tell a row of older code.
    flags: what every table must say about the number: "reconstruction", "random weights", ...
    files: SHA-256 of the cell's scores, curve and weights by file name; empty in rows of older versions.
    """

    cell: Cell
    metrics: Mapping[str, float]
    test_best: Mapping[str, float]
    heldout_best: Mapping[str, float] | None
    class_ap: Mapping[str, float | None]
    epochs: int
    mask: Mapping[str, Any]
    trainable_parameters: int
    timings: Mapping[str, float]
    peak_memory: Mapping[str, float]
    environment: Mapping[str, Any]
    code: str
    flags: tuple[str, ...] = ()
    data: Mapping[str, Any] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict, compare=False)
    finished: str = ""
    schema: int = ROW_SCHEMA
    key: str = field(default="")

    def __post_init__(self) -> None:
        object.__setattr__(self, "key", self.cell.key)

    @property
    def mAP(self) -> float:  # noqa: N802 - the field's own spelling
        return self.metrics["mAP"]

    def to_json(self) -> dict[str, Any]:
        data = {f.name: getattr(self, f.name) for f in dataclasses.fields(self)}
        finite: dict[str, Any] = _finite({**data, "cell": self.cell.to_json(), "flags": list(self.flags)})
        return finite

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Row":
        kept = {
            f.name: data[f.name] for f in dataclasses.fields(cls) if f.name in data or f.name not in ("data", "files")
        }
        return cls(**{**kept, "cell": Cell.from_json(data["cell"]), "flags": tuple(data["flags"])})


def _finite(value: Any) -> Any:
    """NaN as None all the way down, since JSON has no NaN."""
    if isinstance(value, Mapping):
        return {k: _finite(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(v) for v in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
