"""Calibration: reliability of sigmoid(score) over test images, pooled over images and classes."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bench.errors import DataError
from bench.records.reader import StoreReader
from bench.records.rows import Row
from bench.report.results import Results
from bench.system.disk import if_allowed
from bench.system.files import read_json, write_json

BINS = 15


@dataclass(frozen=True)
class Reliability:
    """Sums over (image, class) pairs in equal-width bins of sigmoid(score): pairs, claimed, present; each (BINS,)."""

    pairs: np.ndarray
    claimed: np.ndarray
    present: np.ndarray

    @property
    def error(self) -> float:
        """Expected calibration error in percent: mean distance of claimed from true share, weighted by pairs."""
        return float(100 * np.abs(self.claimed - self.present).sum() / self.pairs.sum())

    @property
    def excess(self) -> float:
        """Mean sigmoid minus the true share of positives, in percent; negative: the method claims too little."""
        return float(100 * (self.claimed.sum() - self.present.sum()) / self.pairs.sum())

    def curve(self) -> tuple[np.ndarray, np.ndarray]:
        """Mean sigmoid and true share of each bin that holds pairs."""
        held = self.pairs > 0
        return self.claimed[held] / self.pairs[held], self.present[held] / self.pairs[held]


def reliability(logits: np.ndarray, labels: np.ndarray, bins: int = BINS) -> Reliability:
    """Of scores (N, C) against labels (N, C) of +1, -1, and 0 for pairs to leave out.

    >>> reliability(np.array([[0.0, 0.0]]), np.array([[1, -1]])).error
    0.0
    """
    judged = labels != 0
    with np.errstate(over="ignore"):
        share = 1.0 / (1.0 + np.exp(-logits[judged].astype(np.float64)))
    place = np.minimum((share * bins).astype(int), bins - 1)
    present = (labels[judged] == 1).astype(np.float64)
    pairs, claimed, hits = (np.bincount(place, weights, minlength=bins) for weights in (None, share, present))
    return Reliability(pairs.astype(np.float64), claimed, hits)


def pooled(parts: Iterable[Reliability]) -> Reliability:
    """Several cells as one."""
    cells = list(parts)
    return Reliability(
        np.sum([p.pairs for p in cells], axis=0),
        np.sum([p.claimed for p in cells], axis=0),
        np.sum([p.present for p in cells], axis=0),
    )


def reliabilities(results: Results, store: StoreReader, cache: Path) -> dict[str, Reliability]:
    """By cell key. What a file of an earlier report knows of the same row is not computed again.

    Cells whose scores or labels are gone are left out.
    """
    try:
        known: Mapping[str, Any] = dict(read_json(cache))
    except (OSError, ValueError, TypeError):
        known = {}
    kept: dict[str, Any] = {}
    labels: dict[str, np.ndarray] = {}
    for key, row in results.rows.items():
        mark = f"{row.finished} {row.code} {row.mAP!r}"
        if _is_of(known.get(key), mark):
            kept[key] = known[key]
            continue
        reliability = _of_cell(key, row, store, labels)
        if reliability is not None:
            kept[key] = {"of": mark, **{name: value.tolist() for name, value in reliability.__dict__.items()}}
    if kept != known:
        with if_allowed():
            write_json(cache, kept)
    return {
        key: Reliability(*(np.array(entry[name]) for name in ("pairs", "claimed", "present")))
        for key, entry in kept.items()
    }


def _is_of(entry: Any, mark: str) -> bool:
    """Whether an entry of the cache is whole, and of the row with this mark."""
    if not isinstance(entry, dict) or entry.get("of") != mark:
        return False
    sums = [entry.get(name) for name in ("pairs", "claimed", "present")]
    return all(isinstance(one, list) and all(isinstance(x, (int, float)) for x in one) for one in sums)


def _of_cell(key: str, row: Row, store: StoreReader, labels: dict[str, np.ndarray]) -> Reliability | None:
    fingerprint = row.cell.dataset.fingerprint
    try:
        if fingerprint not in labels:
            labels[fingerprint] = store.targets(fingerprint).labels
        logits = store.scores(key)
    except (OSError, DataError):
        return None
    if logits.shape != labels[fingerprint].shape:
        return None
    return reliability(logits, labels[fingerprint])
