"""Drawings of household things: in their box, floor at y = 1."""

from .pen import Color, Pen, any_color, mix, shade


def chair(pen: Pen, color: Color) -> None:
    dark = shade(color, 0.6)
    pen.rect(-0.66, 0.1, -0.5, 0.92, dark)
    pen.rect(0.4, 0.14, 0.56, 0.92, dark)
    back = pen.u(-0.98, -0.8)
    if pen.chance(0.5):
        pen.rect(-0.84, back, -0.62, 0.2, color)
        pen.rect(-0.84, back, 0.34, back + 0.2, color)
        pen.rect(0.16, back, 0.34, 0.1, color)
        pen.rect(-0.7, -0.42, 0.3, -0.28, color)
    else:
        pen.poly([(-0.82, back), (0.28, back), (0.34, 0.12), (-0.78, 0.16)], shade(color, 0.85))
    pen.poly([(-0.84, 0.08), (0.4, 0.02), (0.86, 0.24), (-0.56, 0.34)], shade(color, 1.2))
    pen.rect(-0.84, 0.2, -0.66, 1.0, color)
    pen.rect(0.66, 0.24, 0.84, 1.0, color)


def sofa(pen: Pen, color: Color) -> None:
    pen.rect(-0.9, 0.8, -0.78, 1.0, (60, 44, 34))
    pen.rect(0.78, 0.8, 0.9, 1.0, (60, 44, 34))
    pen.poly([(-0.84, 0.3), (-0.8, -0.9), (-0.7, -0.98), (0.7, -0.98), (0.8, -0.9), (0.84, 0.3)], shade(color, 0.8))
    seats = int(pen.rng.integers(2, 4))
    step = 1.5 / seats
    for i in range(seats):
        x = -0.75 + i * step
        pen.rect(x + 0.02, -0.7, x + step - 0.02, 0.04, shade(color, 0.95))
        pen.rect(x + 0.02, 0.06, x + step - 0.02, 0.4, shade(color, 1.18))
    pen.rect(-0.86, 0.4, 0.86, 0.84, shade(color, 0.72))
    for x in (-0.86, 0.86):
        pen.oval(x, -0.06, 0.14, 0.2, color)
        pen.rect(x - 0.14, -0.06, x + 0.14, 0.84, color)
    if pen.chance(0.4):
        x = pen.u(-0.5, 0.5)
        pen.poly([(x - 0.2, 0.1), (x - 0.12, -0.42), (x + 0.22, -0.36), (x + 0.16, 0.1)], (232, 214, 170))


def table(pen: Pen, color: Color) -> None:
    dark = shade(color, 0.6)
    if pen.chance(0.3):  # round, one foot
        pen.rect(-0.1, -0.4, 0.1, 0.85, dark)
        pen.oval(0, 0.88, 0.42, 0.12, dark)
        pen.oval(0, -0.48, 0.98, 0.36, dark)
        pen.oval(0, -0.56, 0.98, 0.34, color)
    else:
        for x in (-0.62, 0.54):
            pen.rect(x, -0.4, x + 0.09, 0.66, dark)
        for x in (-0.94, 0.82):
            pen.rect(x, -0.2, x + 0.13, 1.0, shade(color, 0.75))
        pen.poly([(-0.72, -0.8), (0.72, -0.8), (0.98, -0.26), (-0.98, -0.26)], color)
        pen.rect(-0.98, -0.26, 0.98, -0.1, shade(color, 0.7))
    if pen.chance(0.4):
        pen.oval(pen.u(-0.4, 0.4), -0.55, 0.2, 0.12, (238, 236, 230))


def plant(pen: Pen, color: Color) -> None:
    pot = ((176, 92, 60), (214, 208, 198), (96, 110, 140))[int(pen.rng.integers(3))]
    for _ in range(int(pen.rng.integers(7, 11))):
        x, y = pen.u(-0.95, 0.95), pen.u(-1.0, 0.0)
        leaf = shade(color, pen.u(0.65, 1.35))
        pen.poly(
            [(-0.08, 0.34), (x * 0.7 - 0.16, y * 0.6), (x, y), (x * 0.7 + 0.18, y * 0.6 + 0.06), (0.08, 0.34)], leaf
        )
    pen.poly([(-0.46, 0.3), (0.46, 0.3), (0.32, 1.0), (-0.32, 1.0)], pot)
    pen.rect(-0.52, 0.26, 0.52, 0.44, shade(pot, 0.8))


def tv(pen: Pen, color: Color) -> None:
    frame = mix(color, (40, 40, 44), 0.6)
    pen.rect(-0.12, 0.6, 0.12, 0.92, shade(frame, 0.8))
    pen.poly([(-0.5, 1.0), (0.5, 1.0), (0.36, 0.88), (-0.36, 0.88)], shade(frame, 0.8))
    pen.rect(-0.98, -0.94, 0.98, 0.7, frame)
    picture = any_color(pen.rng, 30, 210) if pen.chance(0.6) else (26, 30, 36)
    pen.rect(-0.86, -0.8, 0.86, 0.54, picture)
    pen.poly([(-0.86, 0.54), (-0.86, 0.1), (0.86, pen.u(-0.4, 0.4)), (0.86, 0.54)], mix(picture, (90, 120, 120), 0.5))
    pen.poly(
        [(-0.7, -0.8), (-0.4, -0.8), (-0.75, -0.1), (-0.86, -0.1), (-0.86, -0.5)], mix(picture, (255, 255, 255), 0.3)
    )


def bottle(pen: Pen, color: Color) -> None:
    glass = shade(color, pen.u(0.7, 1.1))
    pen.poly([(-0.3, -0.3), (0.3, -0.3), (0.72, 0.04), (0.72, 1.0), (-0.72, 1.0), (-0.72, 0.04)], glass)
    pen.rect(-0.3, -0.84, 0.3, -0.28, glass)
    pen.rect(-0.36, -1.0, 0.36, -0.8, shade(color, 0.45))
    label = mix((240, 236, 220), color, pen.u(0.0, 0.3))
    pen.rect(-0.72, 0.24, 0.72, 0.72, label)
    pen.rect(-0.54, 0.0, -0.3, 0.22, mix(glass, (255, 255, 255), 0.5))
