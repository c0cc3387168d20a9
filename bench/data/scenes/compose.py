"""Composition of a scene: a scene as data, before a pixel is drawn. Labels come from here."""

from dataclasses import dataclass

import numpy as np

from .categories import CATEGORIES, CLASS_NAMES
from .worlds import CONTEXTS, OUTDOOR, World

SIZE = 64
"""Side of an image in pixels; positions and sizes below are in pixels too."""


@dataclass(frozen=True)
class Placed:
    """One object: its category's column, the centre of its box, half its box, and how it is turned."""

    category: int
    x: float
    y: float
    half_w: float
    half_h: float
    flip: bool
    color: str

    def covers(self, other: "Placed") -> float:
        """Share of the smaller of the two boxes that lies in both."""
        wide = min(self.x + self.half_w, other.x + other.half_w) - max(self.x - self.half_w, other.x - other.half_w)
        high = min(self.y + self.half_h, other.y + other.half_h) - max(self.y - self.half_h, other.y - other.half_h)
        smaller = 4 * min(self.half_w * self.half_h, other.half_w * other.half_h)
        return max(wide, 0.0) * max(high, 0.0) / smaller

    @property
    def inside(self) -> float:
        """Share of the box that lies in the image."""
        wide = min(self.x + self.half_w, SIZE) - max(self.x - self.half_w, 0.0)
        high = min(self.y + self.half_h, SIZE) - max(self.y - self.half_h, 0.0)
        return max(wide, 0.0) * max(high, 0.0) / (4 * self.half_w * self.half_h)


@dataclass(frozen=True)
class Scene:
    """A context, its horizon (in pixels from the top), and the objects from back to front."""

    context: str
    horizon: float
    objects: tuple[Placed, ...]

    @property
    def outdoor(self) -> bool:
        return self.context in OUTDOOR

    def labels(self) -> np.ndarray:
        """int8 (C,), +1 for every category with an object in the scene, -1 for the others."""
        row = np.full(len(CLASS_NAMES), -1, np.int8)
        row[[placed.category for placed in self.objects]] = 1
        return row


def _pick(rng: np.random.Generator, weights: np.ndarray) -> int:
    edges = np.cumsum(weights)
    return int(np.searchsorted(edges, rng.random() * edges[-1], side="right"))


def _categories(world: World, context: int, rng: np.random.Generator) -> list[int]:
    """Distinct categories: the first by the context's weights, each next one also by the pair factors."""
    anywhere = world.often @ world.weights
    count = 1 + _pick(rng, np.array(world.counts))
    chosen: list[int] = []
    for _ in range(count):
        stray = rng.random() < world.off_context
        weights = (anywhere if stray else world.weights[context]).copy()
        for category in chosen:
            weights *= world.pairs[category]
        weights[chosen] = 0.0
        if weights.sum() > 0:
            chosen.append(_pick(rng, weights))
    return chosen


def _place(world: World, category: int, horizon: float, context: str, rng: np.random.Generator) -> Placed:
    """One try: near things are large and stand low; flyers, floaters and shelf things have their own rule."""
    kind = CATEGORIES[category]
    near = rng.random()
    far_half, near_half = world.half
    half = kind.size * far_half * (near_half / far_half) ** near * np.exp(0.12 * rng.standard_normal())
    stretch = np.exp(0.08 * rng.standard_normal())
    half_h = max(half / np.sqrt(max(kind.aspect, 1.0)) * stretch, 3.2)
    half_w = half_h * kind.aspect / stretch**2
    x = rng.uniform(0.1, 0.9) * SIZE
    foot = horizon + (SIZE * 1.02 - horizon) * np.clip(near + 0.12 * rng.standard_normal(), 0.12, 1.0)
    y = foot - half_h
    if kind.stands == "sky" and rng.random() < (0.7 if context != "airport" else 0.35):
        y = rng.uniform(0.12, 0.62) * SIZE
    elif kind.stands == "perch" and rng.random() < 0.6:
        y = rng.uniform(0.25, 0.8) * SIZE
    flip, color = bool(rng.random() < 0.5), kind.colors[int(rng.integers(len(kind.colors)))]
    return Placed(category, float(x), float(y), float(half_w), float(half_h), flip, color)


def compose(world: World, rng: np.random.Generator) -> Scene:
    """Draw a scene: context, categories, instances; a place is tried twelve times, then given up."""
    context = _pick(rng, world.often)
    name = CONTEXTS[context]
    horizon = SIZE * (rng.uniform(0.32, 0.55) if name in OUTDOOR else rng.uniform(0.5, 0.68))
    placed: list[Placed] = []
    for category in _categories(world, context, rng):
        instances = 1
        while instances < 4 and rng.random() < CATEGORIES[category].repeats:
            instances += 1
        for _ in range(instances):
            for _ in range(12):
                new = _place(world, category, horizon, name, rng)
                free = all(new.covers(old) <= world.overlap for old in placed)
                if new.inside >= 0.6 and free:
                    placed.append(new)
                    break
    if not placed:  # every try fell outside: put the one object in the middle
        last = CATEGORIES[category]
        half_h = 16.0 / max(last.aspect, 1.0)
        placed.append(Placed(category, SIZE / 2, SIZE / 2, half_h * last.aspect, half_h, False, last.colors[0]))
    return Scene(name, float(horizon), tuple(sorted(placed, key=lambda one: one.y + one.half_h)))
