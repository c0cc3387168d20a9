"""The worst images of a class, one by one, as pages, frames and JSON show them."""

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from bench.mistakes.cells import ClassMistakes, Mistakes
from bench.mistakes.label_errors import maybe_missing, maybe_missing_rows, present_threshold
from bench.mistakes.wrong_images import KINDS, Kind
from bench.records.names import printable

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Mistake:
    """One image among the worst of a class and cell.

    row: of the test split. rank: from 1, among the class's known images. passed: absent: present images with a lower
    score; present: absent images with a higher one. wrong: see `ImageRanking`. shared: wrong by every cell.
    maybe_missing: absent, and scored at least as the mean of the present images.
    """

    image: str
    row: int
    score: float
    rank: int
    passed: int
    wrong: bool
    shared: bool
    maybe_missing: bool


def worst_images(one: ClassMistakes, cell: int, kind: Kind, mistakes: Mistakes) -> list[Mistake]:
    """As many as `mistakes.count`, the worst first."""
    ranking = one.rankings[cell]
    suspects = maybe_missing(ranking)
    return [
        Mistake(
            image=printable(str(mistakes.targets.ids[row := int(ranking.rows[place])])),
            row=row,
            score=float(ranking.scores[place]),
            rank=place + 1,
            passed=int(ranking.passed[place]),
            wrong=bool(ranking.wrong[place]),
            shared=row in one.shared[kind].all,
            maybe_missing=bool(suspects[place]),
        )
        for place in ranking.worst(kind, mistakes.count)
    ]


def mistakes_frame(mistakes: Mistakes) -> "pd.DataFrame":
    """A row for each of the worst images of each class, kind and cell."""
    import pandas as pd

    records = [
        {"method": row.cell.method.name, "key": row.key, "class": one.name, "kind": kind, **_plain(entry)}
        for one in mistakes.classes
        for cell, row in enumerate(mistakes.rows)
        for kind in KINDS
        for entry in worst_images(one, cell, kind, mistakes)
    ]
    text = dict.fromkeys(("method", "key", "class", "kind", "image"), "string")
    numbers = {"score": "float64", "rank": "int64", "passed": "int64"}
    types = {**text, **numbers, **dict.fromkeys(("wrong", "shared", "maybe_missing"), "bool")}
    return pd.DataFrame(records, columns=list(types)).astype(types)


def mistakes_record(mistakes: Mistakes) -> dict[str, Any]:
    """The same as JSON, with the counts of each class."""
    return {
        "cells": [{"key": row.key, "title": row.cell.title, "flags": list(row.flags)} for row in mistakes.rows],
        "test_images": len(mistakes.targets.ids),
        "unknown_entries": mistakes.unknown,
        "classes": [_class_record(one, mistakes) for one in mistakes.classes],
    }


def _class_record(one: ClassMistakes, mistakes: Mistakes) -> dict[str, Any]:
    first = one.rankings[0]
    cells = [
        {
            "key": row.key,
            **{kind: [_plain(entry) for entry in worst_images(one, cell, kind, mistakes)] for kind in KINDS},
            "wrong": {kind: len(one.rankings[cell].wrong_rows(kind)) for kind in KINDS},
            "wrong_alone": {kind: len(one.shared[kind].alone[cell]) for kind in KINDS},
            "present_mean": present_threshold(one.rankings[cell]),
            "maybe_missing": int(maybe_missing(one.rankings[cell]).sum()),
        }
        for cell, row in enumerate(mistakes.rows)
    ]
    return {
        "name": one.name,
        "present": first.positives,
        "absent": len(first.rows) - first.positives,
        "unknown": first.unknown,
        "wrong_by_all": {kind: len(one.shared[kind].all) for kind in KINDS},
        "maybe_missing": [str(mistakes.targets.ids[row]) for row in maybe_missing_rows(one.rankings)],
        "cells": cells,
    }


def _plain(entry: Mistake) -> dict[str, Any]:
    return {name: value for name, value in asdict(entry).items() if name != "row"}
