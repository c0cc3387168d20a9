"""Published lines and ours as plain data: for `bench compare --json`, and for the report's CSV file."""

from collections.abc import Mapping, Sequence
from typing import Any

from bench.report.published.groups import Group, PublishedColumn, PublishedLine

FACTS = (
    "method", "bench_method", "backbone", "image_size", "encoder", "protocol", "images", "metric", "selection", "facts",
    "venue", "year", "source", "note",
)  # fmt: skip


def to_json(groups: Sequence[Group]) -> list[dict[str, Any]]:
    """All numbers with their facts, ours, and the mismatches between them."""
    return [
        {
            "dataset": group.dataset,
            "setting": group.setting,
            "camp": group.camp.model_dump(),
            "lines": [_line_json(line) for line in group.lines],
        }
        for group in groups
    ]


def _line_json(line: PublishedLine) -> dict[str, Any]:
    facts = {name: getattr(line.first, name) for name in FACTS}
    numbers = {_name(number.percent): number.mAP for number in line.numbers}
    return {**facts, "also_in": list(line.also), "mAP": numbers, "ours": _ours_json(line)}


def _ours_json(line: PublishedLine) -> Mapping[str, Any] | None:
    if line.ours is None:
        return None
    columns = [number.percent for number in line.numbers]
    levels = {_name(column): line.ours.at(column) for column in columns}
    gaps = {_name(column): line.difference(column) for column in columns}
    return {
        "metric": line.ours.metric,
        "mAP": {name: level.mean for name, level in levels.items() if level},
        "seeds": line.ours.seeds,
        "difference": {name: gap for name, gap in gaps.items() if gap is not None},
        "mismatches": list(line.ours.mismatches),
        "cells": list(line.ours.keys),
    }


def _name(column: PublishedColumn) -> str:
    return "mAP" if column is None else str(column)


def published_records(groups: Sequence[Group]) -> list[dict[str, Any]]:
    """A record for each printed number, with ours and the mismatches where there is one beside it, for a CSV file."""
    return [
        {
            "dataset": group.dataset,
            "setting": group.setting,
            "camp": group.camp.id,
            **{name: getattr(number, name) for name in FACTS},
            "percent": _name(number.percent),
            "mAP": number.mAP,
            **_ours_record(line, number.percent),
        }
        for group in groups
        for line in group.lines
        for number in line.numbers
    ]


def _ours_record(line: PublishedLine, column: PublishedColumn) -> dict[str, Any]:
    level = line.ours.at(column) if line.ours else None
    return {
        "ours": level.mean if level else None,
        "ours_sd": level.sd if level else None,
        "ours_n": level.n if level else None,
        "ours_metric": line.ours.metric if line.ours and level else None,
        "difference": line.difference(column),
        "mismatches": "; ".join(line.ours.mismatches) if line.ours and level else None,
    }
