"""A colour, a marker and a dash for each method: the same in every figure of every report, as far as can be."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import NamedTuple

PALETTE = {
    "blue": "#0072B2",
    "vermillion": "#D55E00",
    "green": "#009E73",
    "pink": "#CC79A7",
    "orange": "#E69F00",
    "sky": "#56B4E9",
    "black": "#000000",
    "wine": "#882255",
    "olive": "#999933",
    "indigo": "#332288",
}
"""Okabe and Ito's colours without their yellow, then three of Paul Tol's: distinguishable with any colour vision."""

COLOURS = tuple(PALETTE.values())
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<", ">", "h")
DASHES = ("-", "-.", ":", (0, (5, 1, 1, 1, 1, 1)))
"""Plain dashes are not among them: in figures they mean that a method does not depend on the x axis."""

MARKS = {
    "true positive": "#009E73", "false positive": "#D55E00", "missed": "#0072B2", "absent": "#666666",
    "not judged": "#666666",
}  # fmt: skip
"""What became of a class on an image, in the first colours of `COLOURS`."""

HEAT = "inferno"
"""matplotlib's name of the colours of a weight from nothing to the most: even in lightness."""


class MethodStyle(NamedTuple):
    colour: str
    marker: str
    dash: str | tuple[int, tuple[int, ...]]


Styles = Mapping[str, MethodStyle]
NO_COLOURS: Mapping[str, str] = {}


def method_styles(methods: Iterable[str], declared: Mapping[str, str] = NO_COLOURS) -> dict[str, MethodStyle]:
    """The styles of the methods of one report; no two are equal.

    declared: names of `PALETTE` by method, for those that ask for a colour; they come first. All others have the colour
    that their name is hashed to. Where two have the same one, the first in the alphabet keeps it, methods before
    variants such as `asl [lr=0.01]`, and the other takes the next one that is free. Of more methods than there are
    colours some share one: they differ in marker and dash.

    >>> method_styles(["trm_ml", "mine"], {"trm_ml": "vermillion"})["trm_ml"]
    MethodStyle(colour='#D55E00', marker='s', dash='-')
    """
    preferred = {name: _wanted_place(declared.get(name, ""), name) for name in sorted(methods)}
    places: dict[str, int] = {}
    for rank in range(3):
        group = [name for name in preferred if _rank(name, declared) == rank]
        for name in group:
            if preferred[name] not in places.values():
                places[name] = preferred[name]
        for name in (name for name in group if name not in places):
            onward = ((preferred[name] + step) % len(COLOURS) for step in range(len(COLOURS)))
            places[name] = next((place for place in onward if place not in places.values()), preferred[name])
    sharing: Counter[int] = Counter()
    styles = {}
    for name in places:
        place, turn = places[name], sharing[places[name]]
        styles[name] = MethodStyle(COLOURS[place], MARKERS[(place + turn) % len(MARKERS)], DASHES[turn % len(DASHES)])
        sharing[place] += 1
    return styles


def _rank(name: str, declared: Mapping[str, str]) -> int:
    """Who takes a colour first: methods that declare one, other methods, variants."""
    if declared.get(name) in PALETTE:
        return 0
    return 2 if " [" in name or ": " in name else 1


def _wanted_place(colour: str, name: str) -> int:
    """The place of the colour, or the one that the name is hashed to, the same on every machine."""
    if colour in PALETTE:
        return list(PALETTE).index(colour)
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:4], "big") % len(COLOURS)
