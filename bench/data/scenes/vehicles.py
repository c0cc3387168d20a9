"""Drawings of vehicles: in their box, ground at y = 1, facing right. Car, bus and truck share their parts."""

from .pen import Color, Pen, mix, shade

_TYRE, _RIM = (30, 30, 32), (150, 150, 152)
_GLASS = (120, 152, 176)


def _wheels(pen: Pen, xs: tuple[float, ...], radius: float) -> None:
    for x in xs:
        pen.disc(x, 1 - radius, radius, _TYRE)
        pen.disc(x, 1 - radius, radius * 0.45, _RIM)


def _glass(pen: Pen) -> Color:
    return shade(_GLASS, pen.u(0.45, 1.25))


def _front(pen: Pen, color: Color, top: float, windscreen: tuple[float, float], width: float) -> None:
    """Seen from the front: a body, a windscreen, two lamps, two wheels."""
    for x in (-width * 0.72, width * 0.72):
        pen.rect(x - width * 0.18, 0.6, x + width * 0.18, 1, _TYRE)
    pen.poly(
        [(-width, 0.82), (-width, 0.1), (-width * 0.82, top), (width * 0.82, top), (width, 0.1), (width, 0.82)], color
    )
    y0, y1 = windscreen
    pen.poly([(-width * 0.72, y0), (width * 0.72, y0), (width * 0.86, y1), (-width * 0.86, y1)], _glass(pen))
    pen.rect(-width * 0.45, 0.45, width * 0.45, 0.62, shade(color, 0.5))
    for x in (-width * 0.74, width * 0.74):
        pen.disc(x, 0.42, 0.13, (244, 236, 190))


def car(pen: Pen, color: Color) -> None:
    if pen.chance(0.2):
        return _front(pen, color, -0.75, (-0.6, 0.0), 0.62)
    roof = pen.u(-0.85, -0.6)
    back = pen.u(-0.75, -0.5)
    pen.poly([(back - 0.15, 0), (back, roof), (0.2, roof), (0.55, 0)], color)
    pen.poly([(back, -0.02), (back + 0.1, roof + 0.16), (-0.16, roof + 0.16), (-0.16, -0.02)], _glass(pen))
    pen.poly([(-0.06, -0.02), (-0.06, roof + 0.16), (0.15, roof + 0.16), (0.4, -0.02)], _glass(pen))
    pen.poly([(-0.98, 0.62), (-0.96, 0.06), (-0.6, -0.06), (0.5, -0.04), (0.94, 0.16), (0.98, 0.62)], color)
    pen.rect(-0.97, 0.5, 0.97, 0.66, shade(color, 0.6))
    pen.rect(0.86, 0.2, 0.97, 0.36, (244, 232, 170))
    return _wheels(pen, (-0.56, 0.56), 0.34)


def bus(pen: Pen, color: Color) -> None:
    if pen.chance(0.2):
        return _front(pen, color, -0.98, (-0.82, -0.1), 0.52)
    top = pen.u(-1.0, -0.88)
    pen.poly([(-0.99, 0.76), (-0.99, top + 0.08), (-0.93, top), (0.92, top), (0.99, top + 0.12), (0.99, 0.76)], color)
    glass, count = _glass(pen), int(pen.rng.integers(4, 7))
    step = 1.72 / count
    for i in range(count):
        pen.rect(-0.9 + i * step, top + 0.24, -0.9 + (i + 0.8) * step, -0.02, glass)
    pen.rect(0.84, top + 0.2, 0.99, 0.2, shade(glass, 0.8))
    pen.rect(-0.99, 0.14, 0.99, 0.3, mix(color, (250, 250, 250), pen.u(0.2, 0.8)))
    return _wheels(pen, (-0.6, 0.62), 0.26)


def truck(pen: Pen, color: Color) -> None:
    if pen.chance(0.15):
        return _front(pen, color, -0.9, (-0.72, -0.2), 0.56)
    cab, load = pen.u(0.36, 0.52), mix(color, (214, 212, 206), pen.u(0.35, 1.0))
    if pen.chance(0.7):
        pen.rect(-0.99, -0.98, cab - 0.07, 0.56, load)
        pen.rect(-0.99, -0.98, cab - 0.07, -0.86, shade(load, 0.75))
    else:
        pen.rect(-0.99, pen.u(-0.1, 0.1), cab - 0.07, 0.56, shade(load, 0.8))
    pen.rect(-0.95, 0.56, 0.9, 0.72, (58, 58, 62))
    pen.poly([(cab, 0.7), (cab, -0.56), (0.78, -0.56), (0.97, 0.02), (0.99, 0.7)], color)
    pen.poly([(cab + 0.1, -0.02), (cab + 0.1, -0.4), (0.74, -0.4), (0.87, -0.02)], _glass(pen))
    return _wheels(pen, (-0.7, -0.34, 0.68), 0.28)


def train(pen: Pen, color: Color) -> None:
    pen.rect(-1.2, 0.9, 1.2, 1.0, (86, 76, 68))
    nose = pen.u(0.55, 0.85)
    pen.poly([(-1, 0.8), (-1, -0.86), (nose, -0.86), (0.93, -0.3), (1, 0.8)], color)
    pen.rect(-1, -0.9, nose, -0.74, shade(color, 0.55))
    glass = _glass(pen)
    for i in range(4):
        pen.rect(-0.92 + i * 0.36, -0.56, -0.68 + i * 0.36, -0.06, glass)
    pen.poly([(nose - 0.12, -0.1), (nose - 0.12, -0.6), (nose + 0.05, -0.6), (0.92, -0.1)], shade(glass, 0.8))
    pen.rect(-1, 0.18, 0.97, pen.u(0.34, 0.46), mix(color, (245, 240, 225), 0.75))
    for x in (-0.8, -0.5, 0.0, 0.3, 0.66):
        pen.disc(x, 0.82, 0.16, _TYRE)


def airplane(pen: Pen, color: Color) -> None:
    stripe = mix(color, (40, 60, 140), pen.u(0.2, 0.8))
    pen.poly([(-0.95, -0.95), (-0.72, -0.95), (-0.5, -0.1), (-0.9, -0.05)], stripe)
    pen.poly([(0.1, -0.02), (-0.2, -0.7), (-0.34, -0.7), (-0.2, -0.02)], shade(color, 0.7))
    pen.poly(
        [(-1, -0.16), (-0.7, -0.28), (0.6, -0.3), (0.9, -0.14), (1, 0.06), (0.85, 0.22), (-0.4, 0.24), (-0.8, 0.05)],
        color,
    )
    pen.rect(-0.7, -0.12, 0.7, -0.02, stripe)
    pen.poly([(0.86, -0.16), (0.97, 0.0), (0.8, 0.0), (0.74, -0.16)], (60, 76, 96))
    pen.poly([(0.25, 0.08), (-0.05, 0.1), (-0.55, 0.92), (-0.36, 0.92)], shade(color, 0.78))
    pen.oval(-0.04, 0.44, 0.14, 0.16, (84, 86, 92))


def boat(pen: Pen, color: Color) -> None:
    pen.poly([(-0.95, 0.4), (0.98, 0.34), (0.7, 0.98), (-0.7, 0.98)], color)
    pen.poly([(-0.95, 0.4), (0.98, 0.34), (0.93, 0.48), (-0.9, 0.54)], shade(color, 0.6))
    if pen.chance(0.6):
        sail = mix((240, 238, 230), color, pen.u(0.0, 0.35))
        pen.line([(0, 0.42), (0, -1)], 0.08, (92, 70, 50))
        pen.poly([(0.06, -0.95), (0.06, 0.26), (0.8, 0.26)], sail)
        pen.poly([(-0.06, -0.8), (-0.06, 0.26), (-0.62, 0.26)], shade(sail, 0.85))
    else:
        pen.rect(-0.55, -0.2, 0.35, 0.42, (230, 228, 222))
        for x in (-0.45, -0.15, 0.12):
            pen.rect(x, -0.06, x + 0.17, 0.16, (62, 86, 110))
        pen.rect(-0.3, -0.72, -0.06, -0.2, shade(color, 0.75))


def bicycle(pen: Pen, color: Color) -> None:
    width = pen.u(0.1, 0.15)
    for x in (-0.6, 0.6):
        pen.ring(x, 0.44, 0.54, width, _TYRE)
    hub, head, seat, crank = (-0.6, 0.44), (0.42, -0.44), (-0.26, -0.42), (-0.06, 0.44)
    for path in ([hub, seat, crank, hub], [seat, (0.4, -0.36), crank], [head, (0.6, 0.44)]):
        pen.line(path, width * 1.1, color)
    pen.line([seat, (-0.3, -0.7)], width, (60, 60, 60))
    pen.line([(-0.48, -0.72), (-0.14, -0.72)], width * 1.6, (38, 34, 34))
    pen.line([head, (0.36, -0.86), (0.6, -0.92)], width, (60, 60, 60))
