"""Data of an attention figure, as JSON."""

from collections.abc import Sequence
from typing import Any

from bench.attention.figure import ImageRow
from bench.attention.maps import CellMaps
from bench.attention.pointing import Pointing


def attention_record(maps: CellMaps, lines: Sequence[ImageRow], names: Sequence[str]) -> dict[str, Any]:
    """The cell's classes on each image, and its pointing game."""
    images = [
        {
            "id": line.id,
            "left_out": line.more,
            "classes": [
                {"name": one.name, "score": round(one.score, 4), "mark": one.mark, "peak": round(one.peak, 3)}
                for one in line.looks
            ],
        }
        for line in lines
    ]
    game = {} if maps.game is None else {"pointing": _pointing(maps.game, maps.measured, names)}
    return {"cell": maps.row.key, "images": images, **game}


def _pointing(game: Pointing, images: int, names: Sequence[str]) -> dict[str, Any]:
    hits, chance, centre = game.mean
    values = zip(names, game.pairs, game.hits, game.chance, game.centre, strict=True)
    return {
        "images": images,
        "hits": hits,
        "chance": chance,
        "centre": centre,
        "classes": {
            name: {"pairs": int(pairs), "hits": float(hit), "chance": float(blind), "centre": float(middle)}
            for name, pairs, hit, blind, middle in values
            if pairs
        },
    }
