"""A cell's curve as a drawing in its page."""

from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup, escape

SVG_WIDTH, SVG_HEIGHT, SVG_MARGIN = 640.0, 240.0, 44.0

FACT_NAMES = {"mAP": "test mAP (%)", "heldout_mAP": "held-out mAP (%)", "loss": "loss (own scale)"}

CURVE_COLOURS = {"mAP": "#0072B2", "heldout_mAP": "#E69F00", "loss": "#999999"}


def curve_svg(curve: Sequence[Mapping[str, Any]]) -> Markup:
    """mAP over epochs as a light SVG, the loss in grey behind it on a scale of its own; "" without a curve."""
    series = {
        name: [(record["epoch"], record[name]) for record in curve if isinstance(record.get(name), int | float)]
        for name in CURVE_COLOURS
    }
    series = {name: points for name, points in series.items() if points}
    if not series:
        return Markup("")
    last = max(x for points in series.values() for x, _ in points)
    first = min(x for points in series.values() for x, _ in points)
    percents = [y for name in ("mAP", "heldout_mAP") for _, y in series.get(name, [])]
    parts = [_axes(first, last, min(percents, default=0.0), max(percents, default=1.0), bool(percents))]
    for name in reversed(series):
        values = [y for _, y in series[name]]
        own = name == "loss"
        low, high = (min(values), max(values)) if own else (min(percents), max(percents))
        path = " ".join(f"{_x(x, first, last):.1f},{_y(y, low, high):.1f}" for x, y in series[name])
        colour = CURVE_COLOURS[name]
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="{1 if own else 2}"/>')
        if not own:
            parts += [
                f'<circle cx="{_x(x, first, last):.1f}" cy="{_y(y, low, high):.1f}" r="2.5" fill="{colour}">'
                f"<title>epoch {x}: {y:.2f}</title></circle>"
                for x, y in series[name]
            ]
    for place, name in enumerate(series):
        x = SVG_MARGIN + 150 * place
        parts.append(f'<line x1="{x}" x2="{x + 18}" y1="10" y2="10" stroke="{CURVE_COLOURS[name]}" stroke-width="2"/>')
        parts.append(f'<text x="{x + 24}" y="14">{escape(FACT_NAMES[name])}</text>')
    return Markup(
        f'<svg class="curve" viewBox="0 0 {SVG_WIDTH:.0f} {SVG_HEIGHT:.0f}" role="img">{"".join(parts)}</svg>'
    )


def _axes(first: float, last: float, low: float, high: float, numbered: bool) -> str:
    marks = []
    for share in (0.0, 0.5, 1.0):
        value = low + share * (high - low)
        y = _y(value, low, high) if high > low else _y(value, value - 1, value + 1)
        marks.append(f'<line class="grid" x1="{SVG_MARGIN}" x2="{SVG_WIDTH - 10}" y1="{y:.1f}" y2="{y:.1f}"/>')
        if numbered:
            marks.append(f'<text x="{SVG_MARGIN - 6}" y="{y + 4:.1f}" text-anchor="end">{value:.1f}</text>')
    for epoch in dict.fromkeys((first, round((first + last) / 2), last)):
        x = _x(epoch, first, last)
        marks.append(f'<text x="{x:.1f}" y="{SVG_HEIGHT - 8}" text-anchor="middle">{epoch}</text>')
    return "".join(marks)


def _x(epoch: float, first: float, last: float) -> float:
    return SVG_MARGIN + (SVG_WIDTH - SVG_MARGIN - 20) * ((epoch - first) / (last - first) if last > first else 0.5)


def _y(value: float, low: float, high: float) -> float:
    return SVG_HEIGHT - 30 - (SVG_HEIGHT - 60) * ((value - low) / (high - low) if high > low else 0.5)
