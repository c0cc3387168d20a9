"""A pen that draws in an object's own box, x and y in [-1, 1], onto a supersampled canvas."""

from collections.abc import Sequence

import numpy as np
from PIL import ImageDraw

Color = tuple[int, int, int]
Points = Sequence[tuple[float, float]]

_CIRCLE = [(float(np.cos(a)), float(np.sin(a))) for a in np.linspace(0, 2 * np.pi, 14, endpoint=False)]


def shade(color: Color, gain: float) -> Color:
    """The colour made darker (gain < 1) or lighter (gain > 1)."""
    r, g, b = (max(0, min(255, round(channel * gain))) for channel in color)
    return r, g, b


def mix(one: Color, other: Color, share: float) -> Color:
    """``share`` of ``other`` in ``one``."""
    r, g, b = (round(p + (q - p) * share) for p, q in zip(one, other, strict=True))
    return r, g, b


def any_color(rng: np.random.Generator, low: int, high: int) -> Color:
    """Each channel uniform in [low, high)."""
    r, g, b = (int(channel) for channel in rng.integers(low, high, 3))
    return r, g, b


class Pen:
    """Maps the box's own coordinates to canvas pixels: flip, small turn, half sizes, centre."""

    def __init__(
        self,
        canvas: ImageDraw.ImageDraw,
        rng: np.random.Generator,
        center: tuple[float, float],
        half: tuple[float, float],
        flip: bool = False,
        turn: float = 0.0,
    ) -> None:
        self.canvas, self.rng, self.center, self.half = canvas, rng, center, half
        self.sign = -1.0 if flip else 1.0
        self.cos, self.sin = float(np.cos(turn)), float(np.sin(turn))

    def u(self, low: float, high: float) -> float:
        return float(self.rng.uniform(low, high))

    def chance(self, share: float) -> bool:
        return bool(self.rng.random() < share)

    def _at(self, x: float, y: float) -> tuple[float, float]:
        px, py = x * self.sign * self.half[0], y * self.half[1]
        return self.center[0] + px * self.cos - py * self.sin, self.center[1] + px * self.sin + py * self.cos

    def poly(self, points: Points, color: Color) -> None:
        self.canvas.polygon([self._at(x, y) for x, y in points], fill=color)

    def rect(self, x0: float, y0: float, x1: float, y1: float, color: Color) -> None:
        self.poly([(x0, y0), (x1, y0), (x1, y1), (x0, y1)], color)

    def oval(self, x: float, y: float, rx: float, ry: float, color: Color) -> None:
        self.poly([(x + rx * c, y + ry * s) for c, s in _CIRCLE], color)

    def disc(self, x: float, y: float, radius: float, color: Color) -> None:
        """A round disc whatever the box's shape; ``radius`` is a share of half the box's height."""
        self.oval(x, y, radius * self.half[1] / self.half[0], radius, color)

    def line(self, points: Points, width: float, color: Color) -> None:
        """``width`` is a share of half the box's smaller side."""
        pixels = max(1, round(width * min(self.half)))
        self.canvas.line([self._at(x, y) for x, y in points], fill=color, width=pixels, joint="curve")

    def ring(self, x: float, y: float, radius: float, width: float, color: Color) -> None:
        rx = radius * self.half[1] / self.half[0]
        self.line([(x + rx * c, y + radius * s) for c, s in [*_CIRCLE, _CIRCLE[0]]], width, color)
