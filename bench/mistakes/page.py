"""The page of mistakes: one HTML file that asks no other host for anything."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bench.data.base import Box
from bench.mistakes.cells import ClassMistakes, Mistakes
from bench.mistakes.entries import Mistake, worst_images
from bench.mistakes.label_errors import maybe_missing, maybe_missing_rows
from bench.mistakes.pictures import Pictures
from bench.mistakes.thumbnails import Thumbnail
from bench.mistakes.wrong_images import KINDS
from bench.records.names import printable
from bench.report.render.html import page_templates

PICTURED_CLASSES = 100
"""Classes that are shown with images; of more, those with the largest share of wrong images."""

IMAGE_LIMIT = 2000
"""Thumbnails of a page."""

NAMED_IMAGES = 3
"""Images that a line of the table of labels that may be missing names."""


@dataclass(frozen=True)
class Card:
    """An image as the page shows it. boxes: left, top, width and height in the thumbnail's pixels."""

    entry: Mistake
    picture: Thumbnail | None
    boxes: tuple[tuple[float, float, float, float], ...]
    present: tuple[str, ...]
    unknown: int


def shown_rows(mistakes: Mistakes) -> set[int]:
    """The test images that the page shows."""
    return {
        entry.row
        for one in mistakes.classes[:PICTURED_CLASSES]
        for cell in range(len(mistakes.rows))
        for kind in KINDS
        for entry in worst_images(one, cell, kind, mistakes)
    }


def mistakes_page(mistakes: Mistakes, pictures: Pictures) -> str:
    """The page as HTML. Names of images and classes may be a stranger's: templates escape them."""
    return (
        page_templates()
        .get_template("mistakes.html")
        .render(
            title=f"Which images are wrong: {'; '.join(row.cell.title for row in mistakes.rows)}",
            mistakes=mistakes,
            lines=[_line(one, mistakes) for one in mistakes.classes],
            suspects=_suspects(mistakes),
            sections=[_section(one, mistakes, pictures) for one in mistakes.classes[:PICTURED_CLASSES]],
            pictures=pictures,
            unreadable=printable(dict(pictures.unreadable)),
            kinds={"absent": "Highest-scored absent", "present": "Lowest-scored present"},
        )
    )


def _line(one: ClassMistakes, mistakes: Mistakes) -> dict[str, Any]:
    """A line of the table of all classes."""
    first = one.rankings[0]
    return {
        "name": one.name,
        "column": one.column,
        "present": first.positives,
        "absent": len(first.rows) - first.positives,
        "unknown": first.unknown,
        "ap": [row.class_ap.get(one.name) for row in mistakes.rows],
        "wrong": [sum(len(ranking.wrong_rows(kind)) for kind in KINDS) for ranking in one.rankings],
        "all": sum(len(one.shared[kind].all) for kind in KINDS),
        "alone": [sum(len(one.shared[kind].alone[cell]) for kind in KINDS) for cell in range(len(one.rankings))],
    }


def _suspects(mistakes: Mistakes) -> list[dict[str, Any]]:
    """Classes with absent images that every cell scores like present ones, the most such images first."""
    lines = []
    for place, one in enumerate(mistakes.classes):
        rows = maybe_missing_rows(one.rankings)
        if rows:
            lines.append({
                "name": one.name,
                "column": one.column,
                "absent": int((~one.rankings[0].present).sum()),
                "cells": [int(maybe_missing(ranking).sum()) for ranking in one.rankings],
                "all": len(rows),
                "shown": place < PICTURED_CLASSES,
                "images": printable([str(mistakes.targets.ids[row]) for row in rows[:NAMED_IMAGES]]),
            })  # fmt: skip
    return sorted(lines, key=lambda line: -line["all"])


def _section(one: ClassMistakes, mistakes: Mistakes, pictures: Pictures) -> dict[str, Any]:
    """A class with its images, by kind and cell."""
    cards = {
        kind: [
            [_card(entry, one, mistakes, pictures) for entry in worst_images(one, cell, kind, mistakes)]
            for cell in range(len(mistakes.rows))
        ]
        for kind in KINDS
    }
    return {"line": _line(one, mistakes), "cards": cards, "shared": one.shared}


def _card(entry: Mistake, one: ClassMistakes, mistakes: Mistakes, pictures: Pictures) -> Card:
    picture = pictures.thumbnails.get(entry.row)
    own = [box for box in pictures.boxes.get(entry.row, ()) if box.category == one.column]
    return Card(
        entry=entry,
        picture=picture,
        boxes=_edges(own, picture) if picture else (),
        present=tuple(mistakes.present_classes(entry.row)),
        unknown=int((mistakes.targets.labels[entry.row] == 0).sum()),
    )


def _edges(boxes: Sequence[Box], picture: Thumbnail) -> tuple[tuple[float, float, float, float], ...]:
    width, height = picture.width, picture.height
    return tuple(
        (
            round(box.left * width, 1),
            round(box.top * height, 1),
            round((box.right - box.left) * width, 1),
            round((box.bottom - box.top) * height, 1),
        )
        for box in boxes
    )
