"""From a composed scene to pixels."""

from collections.abc import Callable

import numpy as np
from PIL import Image, ImageDraw

from . import animals, household, vehicles
from .backdrop import BACKDROPS, distractor
from .categories import CLASS_NAMES, COLORS
from .compose import SIZE, Scene
from .light import develop, turn_hue
from .pen import Color, Pen, any_color, shade
from .worlds import World

SUPERSAMPLING = 3
"""Everything is drawn this much larger and averaged down, which smooths every edge."""

_DRAWERS: tuple[Callable[[Pen, Color], None], ...] = tuple(
    next(getattr(module, name) for module in (animals, vehicles, household) if hasattr(module, name))
    for name in CLASS_NAMES
)


def _recolor(image: Image.Image, world: World) -> Image.Image:
    """The world's own backdrop: its hue turned, its channels scaled."""
    if world.hue == 0.0 and world.tint == (1.0, 1.0, 1.0):
        return image
    pixels = turn_hue(np.asarray(image, np.float64), world.hue) * np.array(world.tint)
    return Image.fromarray(np.clip(np.rint(pixels), 0, 255).astype(np.uint8))


def _averaged_down(pixels: np.ndarray) -> np.ndarray:
    """uint8 (3S, 3S, 3) -> float64 (S, S, 3), the mean of every 3x3 block."""
    steps = range(SUPERSAMPLING)
    total = sum(pixels[y::SUPERSAMPLING, x::SUPERSAMPLING].astype(np.uint16) for y in steps for x in steps)
    return np.asarray(total) / SUPERSAMPLING**2


def render(scene: Scene, world: World, rng: np.random.Generator) -> np.ndarray:
    """Draw ``scene`` as uint8 (64, 64, 3), RGB; ``rng`` decides what composition left open."""
    side = SIZE * SUPERSAMPLING
    image = Image.new("RGB", (side, side))
    canvas = ImageDraw.Draw(image)
    context = "plain" if rng.random() < world.plain else scene.context
    BACKDROPS[context](Pen(canvas, rng, (side / 2, side / 2), (side / 2, side / 2)), 2 * scene.horizon / SIZE - 1)
    image = _recolor(image, world)
    canvas = ImageDraw.Draw(image)
    for _ in range(int(rng.integers(world.distractors + 1))):
        size = rng.uniform(0.05, 0.16) * side
        distractor(Pen(canvas, rng, (rng.uniform(0, side), rng.uniform(0.35, 0.9) * side), (size, size)))
    for placed in scene.objects:
        center = (placed.x * SUPERSAMPLING, placed.y * SUPERSAMPLING)
        half = (placed.half_w * SUPERSAMPLING, placed.half_h * SUPERSAMPLING)
        pen = Pen(canvas, rng, center, half, placed.flip, 0.06 * rng.standard_normal())
        if scene.outdoor:  # a soft contact shadow
            pen.oval(0.05, 1.0, 0.9, 0.06, (70, 72, 70))
        _DRAWERS[placed.category](pen, shade(COLORS[placed.color], rng.uniform(0.72, 1.15)))
    for _ in range(int(rng.integers(world.clutter + 1))):
        x, y, r = rng.uniform(0, side), rng.uniform(0, side), rng.uniform(0.02, 0.06) * side
        color = any_color(rng, 20, 235)
        Pen(canvas, rng, (x, y), (r, r * rng.uniform(0.5, 1.5)), turn=rng.uniform(0, 3)).rect(-1, -1, 1, 1, color)
    pixels = _averaged_down(np.asarray(image))
    return develop(pixels, world, scene.outdoor, rng)
