"""Drawings of living things: in their box, ground at y = 1, facing right. Four-legged ones share one body."""

from .pen import Color, Pen, mix, shade

_SKIN = ((236, 196, 164), (206, 154, 116), (150, 102, 72), (98, 66, 48))
_HAIR = ((40, 32, 28), (92, 62, 40), (190, 150, 84), (150, 146, 142))


def person(pen: Pen, color: Color) -> None:
    skin, hair = _SKIN[int(pen.rng.integers(4))], _HAIR[int(pen.rng.integers(4))]
    dark = ((48, 58, 92), (52, 50, 50), (112, 92, 70), (84, 88, 96))[int(pen.rng.integers(4))]
    stride, arm = pen.u(0.05, 0.5), pen.u(-0.35, 0.75)
    if pen.chance(0.2):  # a skirt
        pen.line([(-0.2, 0.4), (-0.2 - stride * 0.3, 0.98)], 0.22, skin)
        pen.line([(0.2, 0.4), (0.2 + stride * 0.3, 0.98)], 0.22, skin)
        pen.poly([(-0.4, 0.05), (0.4, 0.05), (0.66, 0.56), (-0.66, 0.56)], dark)
    else:
        pen.line([(-0.18, 0.1), (-0.2 - stride, 0.98)], 0.4, shade(dark, 0.85))
        pen.line([(0.18, 0.1), (0.2 + stride, 0.98)], 0.4, dark)
    pen.line([(-0.42, -0.45), (-0.8, -0.45 + 0.7 * arm)], 0.26, shade(color, 0.8))
    pen.poly([(-0.52, -0.52), (0.52, -0.52), (0.44, 0.18), (-0.44, 0.18)], color)
    pen.line([(0.42, -0.45), (0.82, -0.1 + 0.3 * stride)], 0.26, shade(color, 0.9))
    pen.disc(0.84, -0.06 + 0.3 * stride, 0.06, skin)
    pen.rect(-0.12, -0.64, 0.12, -0.5, skin)
    pen.disc(0, -0.78, 0.2, hair)
    pen.disc(0.08, -0.74, 0.165, skin)


def _legs(pen: Pen, color: Color, back: float, front: float, top: float, width: float) -> None:
    swing = pen.u(0.0, 0.12)
    for x, gain in ((back - swing, 0.72), (front + swing, 0.72), (back + 0.13, 1.0), (front - 0.13, 1.0)):
        pen.rect(x - width, top, x + width, 1.0, shade(color, gain))


def dog(pen: Pen, color: Color) -> None:
    _legs(pen, color, -0.5, 0.42, 0.2, 0.08)
    pen.line([(-0.66, -0.05), (-0.96, pen.u(-0.8, -0.4))], 0.16, color)
    pen.oval(-0.06, 0.12, 0.66, 0.32, color)
    pen.poly([(0.2, 0.1), (0.34, -0.6), (0.72, -0.5), (0.56, 0.2)], color)
    pen.oval(0.58, -0.58, 0.26, 0.3, color)
    pen.poly([(0.6, -0.66), (0.98, -0.5), (0.98, -0.32), (0.6, -0.3)], shade(color, 1.15))
    pen.oval(0.97, -0.46, 0.06, 0.09, (26, 24, 24))
    pen.poly([(0.36, -0.86), (0.54, -0.78), (0.46, -0.2), (0.28, -0.34)], shade(color, 0.6))


def cat(pen: Pen, color: Color) -> None:
    stripe = shade(color, 0.7)
    if pen.chance(0.5):  # sitting, seen from the front
        pen.line([(0.4, 0.86), (0.86, 0.7), (0.8, pen.u(-0.1, 0.3))], 0.16, color)
        pen.poly([(-0.3, -0.2), (0.3, -0.2), (0.56, 0.98), (-0.56, 0.98)], color)
        face = 0.0
    else:
        _legs(pen, color, -0.52, 0.38, 0.3, 0.07)
        pen.line([(-0.62, 0.05), (-0.9, -0.3), (-0.78, -0.95)], 0.15, color)
        pen.oval(-0.08, 0.18, 0.62, 0.3, color)
        for x in (-0.4, -0.15, 0.1):
            pen.line([(x, -0.08), (x, 0.24)], 0.09, stripe)
        face = 0.55
    for side in (-1.0, 1.0):
        pen.poly([(face + side * 0.3, -0.4), (face + side * 0.3, -0.98), (face + side * 0.04, -0.62)], stripe)
    pen.oval(face, -0.4, 0.34, 0.36, color)
    for side in (-0.13, 0.13):
        pen.oval(face + side, -0.44, 0.06, 0.08, (70, 140, 60))
    pen.oval(face, -0.27, 0.06, 0.05, (196, 110, 110))


def horse(pen: Pen, color: Color) -> None:
    mane = shade(color, 0.45)
    _legs(pen, color, -0.52, 0.32, 0.1, 0.065)
    pen.poly([(-0.64, -0.2), (-0.86, -0.05), (-0.9, 0.62), (-0.7, 0.4)], mane)
    pen.oval(-0.1, -0.04, 0.62, 0.3, color)
    pen.poly([(0.16, 0.0), (0.42, -0.86), (0.68, -0.8), (0.52, 0.1)], color)
    pen.poly([(0.42, -0.98), (0.68, -0.9), (0.99, -0.5), (0.9, -0.36), (0.56, -0.58)], color)
    pen.poly([(0.12, -0.18), (0.36, -0.92), (0.5, -0.9), (0.26, -0.1)], mane)


def sheep(pen: Pen, color: Color) -> None:
    face = mix((52, 46, 44), color, pen.u(0.0, 0.3))
    _legs(pen, face, -0.46, 0.34, 0.35, 0.055)
    for x, y, r in (
        (-0.52, 0.02, 0.38),
        (-0.18, -0.2, 0.44),
        (0.18, -0.16, 0.42),
        (0.36, 0.1, 0.36),
        (-0.1, 0.2, 0.44),
    ):
        pen.disc(x, y, r, shade(color, pen.u(0.9, 1.06)))
    pen.oval(0.68, -0.3, 0.2, 0.3, face)
    pen.oval(0.5, -0.46, 0.13, 0.08, shade(face, 0.8))
    pen.disc(0.56, -0.52, 0.18, color)


def cow(pen: Pen, color: Color) -> None:
    _legs(pen, color, -0.6, 0.36, 0.25, 0.085)
    pen.line([(-0.86, -0.3), (-0.94, 0.4)], 0.08, shade(color, 0.6))
    pen.poly([(-0.88, -0.42), (0.5, -0.48), (0.56, 0.3), (0.2, 0.48), (-0.8, 0.44)], color)
    patch = (40, 36, 36) if sum(color) > 330 else (226, 220, 212)
    for _ in range(int(pen.rng.integers(1, 4))):
        pen.oval(pen.u(-0.7, 0.3), pen.u(-0.3, 0.2), pen.u(0.12, 0.26), pen.u(0.14, 0.26), patch)
    pen.poly([(0.42, -0.62), (0.78, -0.66), (0.98, -0.1), (0.82, 0.06), (0.5, -0.14)], color)
    pen.oval(0.9, -0.08, 0.11, 0.13, (214, 160, 150))
    pen.line([(0.5, -0.6), (0.44, -0.92)], 0.1, (226, 216, 190))
    pen.line([(0.7, -0.62), (0.76, -0.94)], 0.1, (226, 216, 190))


def bird(pen: Pen, color: Color) -> None:
    wing = shade(color, 0.65 if sum(color) > 240 else 1.9)
    if pen.chance(0.5):  # in flight
        pen.poly([(-0.1, 0.1), (-0.5, -0.98), (-0.1, -0.7), (0.3, 0.1)], wing)
        pen.poly([(-0.05, 0.1), (0.25, -0.9), (0.5, -0.6), (0.4, 0.1)], shade(wing, 1.2))
    else:
        for x in (-0.08, 0.12):
            pen.line([(x, 0.5), (x, 1.0)], 0.08, (206, 140, 50))
    pen.poly([(-0.4, 0.1), (-0.98, -0.02), (-0.95, 0.36), (-0.4, 0.44)], shade(color, 0.8))
    pen.oval(0.0, 0.26, 0.52, 0.38, color)
    pen.oval(0.5, -0.08, 0.24, 0.32, color)
    pen.poly([(0.68, -0.2), (1.0, 0.0), (0.68, 0.1)], (226, 160, 48))
    pen.oval(-0.1, 0.22, 0.3, 0.2, wing)
    pen.oval(0.56, -0.16, 0.05, 0.07, (20, 20, 20))
