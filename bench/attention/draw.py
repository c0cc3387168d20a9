"""Attention figures of trained cells, with their numbers and the lines that are printed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.attention.figure import CLASS_LIMIT, LEAST_TOP, ClassMap, ImageRow, attention_figure
from bench.attention.images import chosen_classes, chosen_images, marks
from bench.attention.maps import CellMaps, cell_maps
from bench.attention.record import attention_record
from bench.attention.request import AttentionRequest
from bench.data.class_names import class_columns
from bench.records.find import names_apart
from bench.records.paths import inside
from bench.records.reader import StoreReader
from bench.records.rows import Row
from bench.report.figures.palette import method_styles
from bench.system.disk import REFUSED
from bench.system.files import atomic, write_json
from bench.system.wording import counted
from bench.trained import TrainedCell
from methods import METHODS


@dataclass(frozen=True)
class DrawnAttention:
    """files: where the figure is, by suffix. maps: each cell's maps and pointing game, by the cell's label.

    warnings: sentences that must stand beside what is shown.
    """

    files: dict[str, Path]
    class_names: tuple[str, ...]
    maps: dict[str, CellMaps]
    warnings: tuple[str, ...]
    record: dict[str, Any]


@dataclass(frozen=True)
class CellToDraw:
    """A cell that is drawn. stale: its method's source code has changed since."""

    trained: TrainedCell
    row: Row
    stale: bool


def draw_attention(cells: Sequence[CellToDraw], request: AttentionRequest, store: StoreReader) -> DrawnAttention:
    """Draw one cell, or two over the same images, into the first one's folder, or the requested one."""
    first = cells[0]
    split, dataset = first.trained.split(request.part), first.trained.resources.dataset
    rows = chosen_images(len(split), request.images, request.seed)
    maps = [cell_maps(cell.trained, request, rows, cell.row, store, cell.stale) for cell in cells]
    lines = _lines(first.trained, request, rows, maps)
    by_label = dict(zip(names_apart([cell.row for cell in cells]), maps, strict=True))
    warnings = tuple(_named(by_label, label, text) for label, one in by_label.items() for text in one.warnings)
    title, caption = _title(maps), _caption(request, len(rows), by_label, warnings)
    together = [line for pair in zip(*lines, strict=True) for line in pair]
    folder = request.out or store.folder(first.row.key)
    name = request.name if len(cells) == 1 else f"{request.name}-with-{cells[1].row.key}"
    images = attention_figure(together, title, caption)
    records = [attention_record(one, own, dataset.class_names) for one, own in zip(maps, lines, strict=True)]
    about = {"title": title, "caption": caption, "split": request.part}
    record = {**records[0], **about} if len(records) == 1 else {**about, "cells": records}
    try:
        files = _written(folder, name, images, record)
    except OSError as error:
        if request.out or error.errno not in REFUSED:
            raise
        refused = f"the figure was not written, since {folder} may not be ({error.strerror}): give --out"
        files, warnings = {}, (*warnings, refused)
    return DrawnAttention(files, dataset.class_names, by_label, warnings, record)


def _written(folder: Path, name: str, images: Mapping[str, bytes], record: Mapping[str, Any]) -> dict[str, Path]:
    """The figure's files by suffix, and the record beside them."""
    files = {suffix: inside(folder, f"{name}.{suffix}") for suffix in images}
    for suffix, content in images.items():
        with atomic(files[suffix]) as file:
            file.write(content)
    write_json(inside(folder, f"{name}.json"), record)
    return files


def _lines(
    trained: TrainedCell, request: AttentionRequest, rows: Sequence[int], cells: Sequence[CellMaps]
) -> list[list[ImageRow]]:
    """A line for each image and cell, by cell; all cells show the same classes of an image."""
    dataset, split = trained.resources.dataset, trained.split(request.part)
    columns, boxes = class_columns(request.classes, dataset.class_names), dataset.boxes(request.part)
    names = names_apart([one.row for one in cells]) if len(cells) > 1 else [""]
    methods = [one.row.cell.method.name for one in cells]
    styles = method_styles(methods, {name: vars(METHODS.get(name)).get("colour", "") for name in methods})
    lines: list[list[ImageRow]] = [[] for _ in cells]
    for place, i in enumerate(rows):
        judged, own = split.judged[i], boxes[i] if boxes is not None else ()
        by_rule = chosen_classes([one.scores[place] for one in cells], judged, CLASS_LIMIT)
        shown, more = (columns, 0) if columns else by_rule
        for one, label, column in zip(cells, names, lines, strict=True):
            words, logits = marks(one.scores[place], judged), one.scores[place]
            looks = tuple(
                ClassMap(
                    dataset.class_names[c],
                    float(logits[c]),
                    words[c],
                    one.maps[place, c].reshape(one.grid),
                    tuple(box for box in own if box.category == c),
                )
                for c in shown
            )
            column.append(
                ImageRow(split.ids[i], split.images[i], looks, more, label, styles[one.row.cell.method.name].colour)
            )
    return lines


def _named(cells: dict[str, CellMaps], label: str, text: str) -> str:
    return f"{label}: {text}" if len(cells) > 1 else text


def _title(cells: Sequence[CellMaps]) -> str:
    titles = []
    for one in cells:
        flags = f" ({', '.join(one.row.flags)})" if one.row.flags else ""
        titles.append(f"{one.row.cell.title}, {one.row.cell.backbone.name}{flags}")
    return f"{'; '.join(titles)}: where each class looks"


def _caption(request: AttentionRequest, count: int, cells: dict[str, CellMaps], warnings: Sequence[str]) -> str:
    which = (
        f"first {counted(count, 'image')}"
        if request.seed is None
        else f"{counted(count, 'image')} drawn by seed {request.seed}"
    )
    named = "as many with the largest logits" + (" of each cell" if len(cells) > 1 else "")
    sentences = [
        f"The {which} of the {request.part} split, in official order, unselected.",
        "The requested classes of each image."
        if request.classes
        else f"Classes of each image: those that are present, and {named}.",
        "Beside the name: the logit. Of an image with k present classes the k with the largest logits are named: true "
        "positive, named and present; false positive, named only; missed, present only.",
        f"Colour: attention weight over positions, bicubic, up to the map's own peak (at least {LEAST_TOP:g} times the "
        "uniform weight). '+': the peak; behind the mark: how many times the uniform weight it is.",
    ]
    games = [(label, one.game, one.measured) for label, one in cells.items() if one.game is not None]
    if games:
        shares = (f"{label} {100 * game.mean[0]:.1f} %" for label, game, _ in games)
        alone = f"{100 * games[0][1].mean[0]:.1f} %"
        _, chance, centre = games[0][1].mean
        sentences.append(
            f"Boxes: the class's objects. Pointing game over {counted(games[0][2], 'image')}: "
            f"{alone if len(cells) == 1 else ', '.join(shares)} of peaks in one, mean over classes "
            f"(any position: {100 * chance:.1f} %, image centre: {100 * centre:.1f} %)."
        )
    return " ".join([*sentences, *(f"Note: {warning}." for warning in warnings)])
