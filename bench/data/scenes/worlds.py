"""Worlds: which contexts there are, what stands in them, how crowded and how coloured they look.

World 0 is the benchmark's own. Another number draws its own contexts and palette around the same categories.
"""

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from .categories import CLASS_NAMES, INDEX
from .seeds import generator

_BASE: dict[str, tuple[float, str]] = {
    # context: (how often, "category weight ...")
    "street": (0.20, "person 10 car 9 bus 3.5 truck 3 bicycle 3 dog 1.2 bird .4 chair .5 plant .6 horse .2"),
    "living": (0.17, "person 6 chair 4.5 sofa 5 tv 5 cat 3 dog 2 plant 3 table 2 bottle 1.6 bird .2"),
    "dining": (0.17, "person 6.5 chair 7 table 7 bottle 4.5 plant 2 tv 1 cat 1 dog .6 sofa .8"),
    "park": (0.12, "person 8 dog 4.5 bicycle 3 bird 2.5 chair 1.2 cat .8 horse .6 car .8 bottle .5 plant .6"),
    "field": (0.09, "cow 4 sheep 4.2 horse 4 person 3 dog 1.4 bird 1.2 truck .4 car .3"),
    "road": (0.08, "car 9 truck 5 bus 2.5 person 2.5 bicycle 1.5 bird .3 horse .3 cow .3"),
    "water": (0.07, "boat 9 person 4 bird 3.5 dog .5 bottle .3 airplane .3"),
    "airport": (0.05, "airplane 9 person 2.5 truck 2 bus 1.8 car 2 bird .5"),
    "railway": (0.05, "train 9 person 4.5 car 1 chair .6 bird .4 bicycle .6 truck .5"),
}
CONTEXTS: tuple[str, ...] = tuple(_BASE)
OUTDOOR: frozenset[str] = frozenset(CONTEXTS) - {"living", "dining"}

_PAIRS: dict[tuple[str, str], float] = {
    ("chair", "table"): 3.0, ("person", "bicycle"): 2.0, ("person", "horse"): 2.0, ("person", "dog"): 1.6,
    ("bottle", "table"): 2.0, ("sofa", "tv"): 2.0, ("car", "truck"): 1.5, ("cat", "sofa"): 1.5,
    ("cow", "sheep"): 0.35, ("cat", "dog"): 0.5, ("bus", "truck"): 0.6,
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class World:
    """Everything that is drawn from, K contexts and C categories; arrays are read-only by convention."""

    often: np.ndarray  # (K,) probability of a context
    weights: np.ndarray  # (K, C) weight of a category in a context
    pairs: np.ndarray  # (C, C) factor on a category's weight once another one is there
    counts: tuple[float, ...] = (0.22, 0.30, 0.26, 0.15, 0.07)  # P(1, 2, ... categories)
    off_context: float = 0.08  # P(a category is drawn from all, whatever the context)
    half: tuple[float, float] = (6.8, 22.0)  # half-height of an object of size 1, in pixels, far and near
    overlap: float = 0.5  # most of the smaller box that another may cover
    distractors: int = 2  # at most, things that carry no label
    clutter: int = 4  # at most, loose shapes
    tint: tuple[float, float, float] = (1.0, 1.0, 1.0)  # RGB gain of the backdrop
    hue: float = 0.0  # turn of the backdrop's hue, in [-1, 1]
    plain: float = 0.0  # P(a flat backdrop instead of the context's)
    weather: float = 0.3  # P(rain, snow, fog or night) outdoors


def _base_weights() -> np.ndarray:
    weights = np.zeros((len(CONTEXTS), len(CLASS_NAMES)))
    for row, (_, text) in enumerate(_BASE.values()):
        words = text.split()
        for name, weight in zip(words[::2], words[1::2], strict=True):
            weights[row, INDEX[name]] = float(weight)
    return weights


def _pairs() -> np.ndarray:
    pairs = np.ones((len(CLASS_NAMES), len(CLASS_NAMES)))
    for (one, other), factor in _PAIRS.items():
        pairs[INDEX[one], INDEX[other]] = pairs[INDEX[other], INDEX[one]] = factor
    return pairs


@lru_cache(maxsize=16)
def benchmark_world(number: int) -> World:
    """World 0 as written above; any other ``number`` is the same one, jittered by its own seed."""
    often = np.array([share for share, _ in _BASE.values()])
    base = World(often / often.sum(), _base_weights(), _pairs())
    return base if number == 0 else jittered(base, generator("world", number))


def jittered(base: World, rng: np.random.Generator, strength: float = 1.0) -> World:
    """Another world: context shares and category weights times log-normals, some moved, backdrop recoloured."""
    often = base.often * np.exp(0.5 * strength * rng.standard_normal(base.often.shape))
    weights = base.weights * np.exp(0.6 * strength * rng.standard_normal(base.weights.shape))
    strangers = (rng.random(weights.shape) < 0.12 * strength) & (weights == 0)
    weights = weights + strangers * 2.0 * rng.random(weights.shape)
    tint = np.exp(0.12 * strength * rng.standard_normal(3))
    return replace(
        base,
        often=often / often.sum(),
        weights=weights,
        tint=(float(tint[0]), float(tint[1]), float(tint[2])),
        hue=float(strength * rng.uniform(-0.35, 0.35)),
    )
