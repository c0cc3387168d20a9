"""One colour and one marker for each method, the same in every figure of every report."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import NamedTuple

COLOURS = (
    "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#882255", "#999933", "#332288",
)  # fmt: skip
"""Okabe and Ito's colours without their yellow, then three of Paul Tol's: told apart with any colour vision."""

MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<", ">", "h")

MARKS = {
    "true positive": "#009E73", "false positive": "#D55E00", "missed": "#0072B2", "absent": "#666666",
    "not judged": "#666666",
}  # fmt: skip
"""What became of a class on an image, in the first colours of `COLOURS`."""

HEAT = "inferno"
"""matplotlib's name of the colours of a weight from nothing to the most: even in lightness."""

FIXED = (
    "dualcoop", "trm_ml", "asl", "bce_iu", "splc", "clip_zero_shot", "oracle", "positive_coop", "scpnet", "bce_an",
    "sarb", "partial_bce", "sst", "negative_coop", "coop", "hst", "hill", "role", "ssgrl", "csl",
    "tai_dpt", "wan", "epr", "em_apl", "ll_r", "boostlu", "vlpl", "curriculum", "gr", "query2label",
    "em", "ll_ct", "ll_cp", "label_smoothing", "focal", "sr_cr", "ml_decoder", "dualcoop_tai", "dualcoop_pp",
    "dualcoop_tai_dpt", "vision_only", "prior",
)  # fmt: skip
"""Methods of the papers' tables, in the order in which they take colours; all others are placed by their name. The
first ten, which are compared most, have colours of their own among themselves."""


class Look(NamedTuple):
    colour: str
    marker: str


def look(method: str) -> Look:
    """Colour and marker of a method: a function of its name alone, but for variants inside `among`.

    >>> look("trm_ml")
    Look(colour='#D55E00', marker='s')
    """
    return _AMONG.get().get(method) or _by_name(method)


@contextmanager
def among(methods: Sequence[str]) -> Iterator[None]:
    """While the block draws a report: variants such as `asl [lr=0.01]` take colours that no other of these methods has.

    Names alone would give two of a handful the same colour; a method without settings of its own keeps the one that it
    has everywhere.
    """
    before = _AMONG.set(looks(methods))
    try:
        yield
    finally:
        _AMONG.reset(before)


def looks(methods: Sequence[str]) -> dict[str, Look]:
    """The looks of these methods in one report."""
    found = {method: _by_name(method) for method in methods if not _is_variant(method)}
    for method in methods:
        if method not in found:
            found[method] = _free(_by_name(method), list(found.values()))
    return {method: found[method] for method in methods}


_AMONG: ContextVar[Mapping[str, Look]] = ContextVar("among", default={})  # noqa: B039 - never changed in place


def _is_variant(method: str) -> bool:
    return " [" in method or ": " in method


def _by_name(method: str) -> Look:
    hashed = int(hashlib.sha256(method.encode()).hexdigest()[:8], 16)
    place = FIXED.index(method) if method in FIXED else hashed
    # Each round through the colours moves on by one marker, so that the pairs stay distinct for 100 places.
    return Look(COLOURS[place % len(COLOURS)], MARKERS[(place + place // len(COLOURS)) % len(MARKERS)])


def _free(wanted: Look, taken: Sequence[Look]) -> Look:
    """The first look from the wanted one on whose colour is free; then whose marker in its colour is; then itself."""
    colour, marker = COLOURS.index(wanted.colour), MARKERS.index(wanted.marker)
    onward = [
        Look(COLOURS[(colour + step) % len(COLOURS)], MARKERS[(marker + turn) % len(MARKERS)])
        for turn in range(len(MARKERS))
        for step in range(len(COLOURS))
    ]
    colours = {other.colour for other in taken}
    fresh = [look for look in onward if look.colour not in colours] or [look for look in onward if look not in taken]
    return (fresh or [wanted])[0]
