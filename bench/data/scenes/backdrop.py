"""Backdrops: one drawing for each context, plus things that carry no label."""

from collections.abc import Callable

import numpy as np

from .pen import Color, Pen, any_color, mix, shade

Drawer = Callable[[Pen, float], None]
"""Draws into the whole canvas, x and y in [-1, 1]; the second argument is the horizon's y."""


def _wall(pen: Pen, y: float, base: Color, floor: Color) -> None:
    wall = shade(base, pen.u(0.75, 1.1))
    pen.rect(-1, -1, 1, y, wall)
    pen.rect(-1, y, 1, 1, floor)
    pen.rect(-1, y - 0.05, 1, y, shade(wall, 0.7))
    if pen.chance(0.6):  # a window or a picture
        x, w, top = pen.u(-0.9, 0.4), pen.u(0.3, 0.55), pen.u(-0.95, -0.7)
        pen.rect(x - 0.04, top - 0.04, x + w + 0.04, top + 0.64, (222, 214, 200))
        pen.rect(x, top, x + w, top + 0.6, shade((150, 186, 210), pen.u(0.4, 1.1)))
        pen.rect(x + w / 2 - 0.02, top, x + w / 2 + 0.02, top + 0.6, (222, 214, 200))


def _sky(pen: Pen, y: float, ground: Color) -> None:
    top = shade((132, 172, 214), pen.u(0.7, 1.1))
    for i in range(6):
        pen.rect(-1, -1 + (y + 1) * i / 6, 1, y, mix(top, (222, 226, 230), i / 7))
    if pen.chance(0.5):
        for _ in range(2):
            x, h = pen.u(-1, 1), pen.u(-0.95, -0.6)
            pen.oval(x, h, pen.u(0.15, 0.35), pen.u(0.05, 0.1), (236, 238, 240))
    pen.rect(-1, y, 1, 1, ground)


def _tree(pen: Pen, x: float, y: float, size: float) -> None:
    leaf = shade((58, 112, 56), pen.u(0.7, 1.25))
    pen.rect(x - size * 0.1, y - size * 0.6, x + size * 0.1, y, (96, 70, 48))
    for dx, dy in ((-0.3, 0.7), (0.3, 0.75), (0.0, 1.15)):
        pen.oval(x + dx * size, y - dy * size, size * 0.5, size * 0.45, shade(leaf, pen.u(0.85, 1.15)))


def _tiles(pen: Pen, y: float, color: Color) -> None:
    for x in np.linspace(-2.4, 2.4, 9):
        pen.line([(x * 0.4, y), (x, 1)], 0.012, color)
    for share in (0.15, 0.4, 0.75):
        h = y + (1 - y) * share
        pen.line([(-1, h), (1, h)], 0.012, color)


def living(pen: Pen, y: float) -> None:
    floor = shade((150, 112, 76), pen.u(0.6, 1.2))
    _wall(pen, y, ((214, 204, 184), (176, 196, 200), (204, 176, 160), (190, 200, 172))[int(pen.rng.integers(4))], floor)
    if pen.chance(0.5):
        pen.oval(pen.u(-0.3, 0.3), y + (1 - y) * 0.6, 0.7, (1 - y) * 0.3, any_color(pen.rng, 80, 200))


def dining(pen: Pen, y: float) -> None:
    floor = shade((188, 180, 168), pen.u(0.6, 1.1))
    _wall(pen, y, ((226, 216, 190), (200, 206, 196), (214, 188, 160))[int(pen.rng.integers(3))], floor)
    _tiles(pen, y, shade(floor, 0.75))


def street(pen: Pen, y: float) -> None:
    _sky(pen, y, shade((104, 104, 108), pen.u(0.7, 1.2)))
    x = -1.0
    while x < 1:
        w, top = pen.u(0.25, 0.6), pen.u(-0.95, -0.3)
        wall = any_color(pen.rng, 90, 190)
        pen.rect(x, top, x + w, y, mix(wall, (150, 136, 124), 0.5))
        for wy in np.arange(top + 0.1, y - 0.15, 0.24):
            for wx in np.arange(x + 0.06, x + w - 0.1, 0.18):
                pen.rect(wx, wy, wx + 0.08, wy + 0.12, shade((120, 140, 156), 0.5 + 0.8 * (pen.rng.random() < 0.5)))
        x += w
    pen.rect(-1, y, 1, y + 0.1, (160, 156, 150))


def road(pen: Pen, y: float) -> None:
    _sky(pen, y, shade((112, 138, 82), pen.u(0.7, 1.1)))
    pen.oval(pen.u(-0.6, 0.6), y, 0.9, pen.u(0.1, 0.3), (104, 128, 96))
    pen.rect(-1, y, 1, 1, shade((112, 138, 82), 0.9))
    bend = pen.u(-0.4, 0.4)
    pen.poly([(bend - 0.12, y), (bend + 0.12, y), (1.3, 1), (-1.3, 1)], (92, 92, 96))
    pen.poly([(bend - 0.01, y), (bend + 0.01, y), (0.08, 1), (-0.08, 1)], (226, 220, 190))


def park(pen: Pen, y: float) -> None:
    _sky(pen, y, shade((96, 148, 76), pen.u(0.7, 1.15)))
    for _ in range(int(pen.rng.integers(2, 5))):
        _tree(pen, pen.u(-1, 1), y + pen.u(0.0, 0.12), pen.u(0.3, 0.6))
    if pen.chance(0.5):
        pen.poly([(-0.1, y), (0.05, y), (pen.u(0.2, 1), 1), (pen.u(-0.9, -0.1), 1)], (198, 178, 140))


def field(pen: Pen, y: float) -> None:
    _sky(pen, y, shade((136, 156, 74), pen.u(0.7, 1.15)))
    pen.oval(pen.u(-1, 1), y + 0.05, 1.1, pen.u(0.1, 0.3), (100, 132, 78))
    pen.rect(-1, y + 0.05, 1, 1, shade((136, 156, 74), pen.u(0.8, 1.1)))
    if pen.chance(0.5):
        for x in np.arange(-1, 1.1, 0.25):
            pen.rect(x, y - 0.06, x + 0.03, y + 0.18, (120, 96, 70))
        pen.rect(-1, y, 1, y + 0.03, (120, 96, 70))


def water(pen: Pen, y: float) -> None:
    sea = shade((62, 116, 150), pen.u(0.7, 1.2))
    _sky(pen, y, sea)
    for _ in range(10):
        x, h = pen.u(-1, 0.8), pen.u(y + 0.05, 1)
        pen.rect(x, h, x + pen.u(0.1, 0.4), h + 0.025, shade(sea, pen.u(1.1, 1.4)))
    if pen.chance(0.4):
        pen.poly([(-1, 1), (-1, 0.75), (1, pen.u(0.7, 0.9)), (1, 1)], (214, 196, 152))


def airport(pen: Pen, y: float) -> None:
    _sky(pen, y, shade((150, 150, 150), pen.u(0.75, 1.1)))
    if pen.chance(0.6):
        pen.rect(pen.u(-1, -0.2), y - pen.u(0.15, 0.3), pen.u(0.2, 1), y, (170, 176, 182))
    pen.rect(-1, y, 1, y + 0.12, (128, 144, 100))
    pen.poly([(-1, 0.6), (1, 0.5), (1, 0.56), (-1, 0.66)], (226, 206, 90))


def railway(pen: Pen, y: float) -> None:
    _sky(pen, y, shade((142, 130, 118), pen.u(0.75, 1.1)))
    pen.rect(-1, y - pen.u(0.05, 0.3), 1, y, shade((120, 116, 110), pen.u(0.7, 1.1)))
    for share in (0.3, 0.75):
        h = y + (1 - y) * share
        for x in np.arange(-1, 1.1, 0.2):
            pen.rect(x, h - 0.03, x + 0.07, h + 0.09, (92, 74, 60))
        pen.rect(-1, h, 1, h + 0.035, (176, 176, 180))


def plain(pen: Pen, y: float) -> None:
    one, other = (any_color(pen.rng, 60, 240) for _ in range(2))
    for i in range(8):
        pen.rect(-1, -1 + i * 0.25, 1, 1, mix(one, other, i / 8))


BACKDROPS: dict[str, Drawer] = {
    "street": street, "living": living, "dining": dining, "park": park, "field": field,
    "road": road, "water": water, "airport": airport, "railway": railway, "plain": plain,
}  # fmt: skip
"""Context -> its drawing."""


def distractor(pen: Pen) -> None:
    """A thing without a label, in its own box: lamp post, crate, ball, bush, stone or signboard."""
    kind, color = int(pen.rng.integers(6)), any_color(pen.rng, 50, 220)
    if kind == 0:
        pen.rect(-0.06, -0.9, 0.06, 1, (70, 70, 74))
        pen.disc(0, -0.88, 0.14, (250, 236, 180))
    elif kind == 1:
        pen.rect(-0.7, -0.1, 0.7, 1, color)
        pen.line([(-0.7, -0.1), (0.7, 1)], 0.1, shade(color, 0.6))
    elif kind == 2:
        pen.disc(0, 0.6, 0.4, color)
        pen.disc(-0.1, 0.5, 0.12, shade(color, 1.5))
    elif kind == 3:
        for x in (-0.5, 0, 0.5):
            pen.disc(x, 0.6, 0.4, shade((70, 118, 60), pen.u(0.7, 1.2)))
    elif kind == 4:
        pen.poly([(-0.7, 1), (-0.5, 0.3), (0.1, 0.1), (0.6, 0.4), (0.8, 1)], shade((140, 136, 130), pen.u(0.6, 1.1)))
    else:
        pen.rect(-0.06, 0, 0.06, 1, (90, 84, 80))
        pen.rect(-0.5, -0.8, 0.5, 0.05, color)
