"""From a trained cell to its figure, its numbers, and what a person is told of both."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bench.data.base import Box
from bench.files import atomic, write_json
from bench.rows import Row
from bench.show.asked import Asked
from bench.show.figure import LEAST_TOP, MOST_CLASSES, Line, Look, attention_figure
from bench.show.pick import chosen_classes, chosen_images, marks
from bench.show.pointing import Pointing, pointing
from bench.show.trained import Trained
from bench.store import Store

DRIFT = 0.01
"""Logits of the same image may differ by this between two ways of encoding it; by more, and it is another model."""


@dataclass(frozen=True)
class Drawn:
    """files: where the figure is, by suffix. pointing: over `measured` images, None where no boxes are known.

    warnings: sentences that must stand beside what is shown.
    """

    files: dict[str, Path]
    class_names: tuple[str, ...]
    pointing: Pointing | None
    measured: int
    warnings: tuple[str, ...]
    record: dict[str, Any]


def show(trained: Trained, asked: Asked, row: Row, store: Store, stale: bool) -> Drawn:
    """Draw what is asked for into the cell's folder, or the one that was asked for."""
    cell, split = trained.cell, trained.split(asked.part)
    names, columns = trained.bench.dataset.class_names, asked.columns(trained.bench.dataset.class_names)
    rows = chosen_images(len(split), asked.images, asked.seed)
    images = [split.images[i] for i in rows]
    features = trained.encode(images)
    maps, scores = trained.look(features).cpu().numpy(), trained.score(features).cpu().numpy()
    boxes = trained.bench.dataset.boxes(asked.part)
    grid = trained.bench.backbone(cell.backbone).grid
    lines = []
    for i, image, weights, logits in zip(rows, images, maps, scores, strict=True):
        labels, own = split.judged[i], boxes[i] if boxes is not None else ()
        shown, more = (columns, 0) if columns else chosen_classes(logits, labels, MOST_CLASSES)
        words = marks(logits, labels)
        looks = tuple(
            Look(
                names[c], float(logits[c]), words[c], weights[c].reshape(grid), tuple(b for b in own if b.category == c)
            )
            for c in shown
        )
        lines.append(Line(split.ids[i], image, looks, more))
    game, measured = _measured(trained, asked, rows, maps, boxes, grid)
    warnings = tuple(_warnings(row, stale, scores, _stored(store, row, asked, rows)))
    title, caption = _title(row, trained), _caption(asked, len(rows), bool(columns), game, measured, warnings)
    images_by_suffix = attention_figure(lines, title, caption)
    folder = asked.out or store.folder(cell.key)
    files = {}
    for suffix, content in images_by_suffix.items():
        files[suffix] = folder / f"{asked.name}.{suffix}"
        with atomic(files[suffix]) as file:
            file.write(content)
    record = _record(cell.key, title, caption, asked, lines, names, game, measured)
    write_json(folder / f"{asked.name}.json", record)
    return Drawn(files, names, game, measured, warnings, record)


def _measured(
    trained: Trained,
    asked: Asked,
    rows: Sequence[int],
    maps: np.ndarray,
    boxes: Sequence[Sequence[Box]] | None,
    grid: tuple[int, int],
) -> tuple[Pointing | None, int]:
    """The pointing game over the whole split where its features are there, else over what is drawn."""
    if boxes is None:
        return None, 0
    if trained.has_features(asked.part):
        peaks = np.concatenate(
            [trained.look(batch).argmax(dim=-1).cpu().numpy() for batch in trained.batches(asked.part)]
        )
    else:
        peaks, boxes = maps.argmax(axis=-1), [boxes[i] for i in rows]
    found = pointing(peaks, boxes, grid)
    return (found if found.pairs.any() else None), len(peaks)


def _stored(store: Store, row: Row, asked: Asked, rows: Sequence[int]) -> np.ndarray | None:
    """The scores that the cell's row was made of, where it is the test split that is shown."""
    return store.scores(row.key)[rows] if asked.part == "test" else None


def _warnings(row: Row, stale: bool, scores: np.ndarray, stored: np.ndarray | None) -> Iterator[str]:
    if "random weights" in row.flags:
        yield "the backbone's weights are random: the maps mean nothing"
    drift = 0.0 if stored is None else float(np.abs(scores - stored).max())
    if drift > DRIFT * max(1.0, float(np.abs(scores).max())):
        yield f"these scores differ from the stored ones by up to {drift:.2g}: this is not the model that gave them"
    if stale:
        yield "the method's source code has changed since the cell was trained"


def _title(row: Row, trained: Trained) -> str:
    flags = f" ({', '.join(row.flags)})" if row.flags else ""
    return f"{row.cell.title}, {row.cell.backbone.name}{flags}: where each class looks"


def _caption(
    asked: Asked, count: int, chosen: bool, game: Pointing | None, measured: int, warnings: Sequence[str]
) -> str:
    which = f"first {count} images" if asked.seed is None else f"{count} images drawn by seed {asked.seed}"
    told = [
        f"The {which} of the {asked.part} split, in official order, unselected.",
        "Of each image the classes asked for."
        if chosen
        else "Of each image: the classes that are there, and as many highest-scored ones.",
        "Beside the name: the logit. A class is named if it is among as many highest-scored ones as are there: true "
        "positive, named and there; false positive, named only; missed, there only.",
        f"Colour: attention weight over positions, bicubic, up to the map's own peak (at least {LEAST_TOP:g} times the "
        "uniform weight). '+': the peak; behind the mark: how many times the uniform weight it is.",
    ]
    if game is not None:
        hits, chance, centre = game.mean
        told.append(
            f"Boxes: the class's objects. Pointing game over {measured:,} images: {100 * hits:.1f} % of peaks in one, "
            f"mean over classes (any position: {100 * chance:.1f} %, image centre: {100 * centre:.1f} %)."
        )
    return " ".join([*told, *(f"Note: {warning}." for warning in warnings)])


def _record(
    key: str,
    title: str,
    caption: str,
    asked: Asked,
    lines: Sequence[Line],
    names: Sequence[str],
    game: Pointing | None,
    measured: int,
) -> dict[str, Any]:
    """What the figure shows, as data."""
    record: dict[str, Any] = {
        "cell": key,
        "title": title,
        "caption": caption,
        "split": asked.part,
        "images": [
            {
                "id": line.id,
                "left_out": line.more,
                "classes": [
                    {"name": one.name, "score": round(one.score, 4), "mark": one.mark, "peak": round(one.peak, 3)}
                    for one in line.looks
                ],
            }
            for line in lines
        ],
    }
    if game is not None:
        hits, chance, centre = game.mean
        record["pointing"] = {
            "images": measured,
            "hits": hits,
            "chance": chance,
            "centre": centre,
            "classes": {
                name: {"pairs": int(pairs), "hits": float(hit), "chance": float(blind), "centre": float(middle)}
                for name, pairs, hit, blind, middle in zip(
                    names, game.pairs, game.hits, game.chance, game.centre, strict=True
                )
                if pairs
            },
        }
    return record
