"""One colour and one marker for each method, the same in every figure of every report."""

import hashlib
from typing import NamedTuple

COLOURS = (
    "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#882255", "#999933", "#332288",
)  # fmt: skip
"""Okabe and Ito's colours without their yellow, then three of Paul Tol's: told apart with any colour vision."""

MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<", ">", "h")

FIXED = (
    "dualcoop", "trm_ml", "asl", "scpnet", "hst", "clip_zero_shot", "oracle", "sarb", "sst", "tai_dpt",
    "bce", "partial_bce", "positive_coop", "negative_coop", "coop", "splc", "hill", "role", "ssgrl", "csl",
    "assume_negative", "wan", "epr", "em_apl", "largeloss", "boostlu", "vlpl", "hspnet", "grloss", "query2label",
)  # fmt: skip
"""Methods of the papers' tables, in the order in which they take colours; all others are placed by their name."""


class Look(NamedTuple):
    colour: str
    marker: str


def look(method: str) -> Look:
    """Colour and marker of a method: a function of its name alone.

    >>> look("trm_ml")
    Look(colour='#D55E00', marker='s')
    """
    hashed = int(hashlib.sha256(method.encode()).hexdigest()[:8], 16)
    place = FIXED.index(method) if method in FIXED else hashed
    # Each round through the colours moves on by one marker, so that the pairs stay distinct for 100 places.
    return Look(COLOURS[place % len(COLOURS)], MARKERS[(place + place // len(COLOURS)) % len(MARKERS)])
