"""A page for each cell: what it was, what it learned from, what came out, how long it took, where it ran."""

import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from markupsafe import Markup, escape

from bench.records.cells import Cell
from bench.records.component import canonical_json
from bench.records.layout import WEIGHTS_FILE
from bench.records.reader import StoreReader
from bench.report.calibration import Reliability
from bench.report.render.html import page_templates, templates_digest
from bench.report.results import Missing, Results

SVG_WIDTH, SVG_HEIGHT, SVG_MARGIN = 640.0, 240.0, 44.0
CURVE_COLOURS = {"mAP": "#0072B2", "heldout_mAP": "#E69F00", "loss": "#999999"}
FACT_NAMES = {"mAP": "test mAP (%)", "heldout_mAP": "held-out mAP (%)", "loss": "loss (own scale)"}


@dataclass(frozen=True)
class CellPage:
    """What a page is made from; `mark` shows whether an existing page is up to date."""

    key: str
    mark: str
    facts: Mapping[str, Any]


def cell_pages(
    results: Results, store: StoreReader, folder: Path, calibration: Mapping[str, Reliability]
) -> Iterator[CellPage]:
    """One page for each cell with a row, and for each that failed or runs now."""
    code = hashlib.sha256(templates_digest() + Path(__file__).read_bytes()).hexdigest()
    for key, row in results.rows.items():
        stale = key in results.stale
        curve = store.curve(key)
        reliability = calibration.get(key)
        kept = what_is_kept(store, key)
        further = {name: one.value for name, one in results.measurements.get(key, {}).items() if one.judged}
        errors = reliability and [reliability.error, reliability.excess]
        origin = results.origins.get(key)
        mark = [code, row.to_json(), origin and origin.to_json(), curve, stale, errors, kept, further]
        yield CellPage(key, _digest(mark), {
            "cell": row.cell, "row": row, "state": "done", "stale": stale, "curve": curve, "error": None,
            "origin": origin, "calibration": reliability, "further": further, "files": _files(store, key, folder),
            **_kept(store, key, folder),
        })  # fmt: skip
    for key in dict.fromkeys(gap.key for gap in results.missing if gap.key and gap.state in ("failed", "running")):
        gap = next(gap for gap in results.missing if gap.key == key)
        for cell in store.begun([key]):
            yield _unfinished(cell, gap, store, folder, code)


def _unfinished(cell: Cell, gap: Missing, store: StoreReader, folder: Path, code: str) -> CellPage:
    key = gap.key
    curve, error = store.curve(key), store.error(key)
    return CellPage(key, _digest([code, gap.state, curve, error]), {
        "cell": cell, "row": None, "state": gap.state, "stale": False, "curve": curve, "error": error, "origin": None,
        "calibration": None, "files": _files(store, key, folder), **_kept(store, key, folder),
    })  # fmt: skip


def render_cell_page(page: CellPage) -> str:
    """The page as HTML; its mark stands in a comment at the end."""
    template = page_templates().get_template("cell.html")
    figure = curve_svg(page.facts["curve"])
    return template.render(**page.facts, figure=figure, mark=page.mark)


def stands(path: Path, page: CellPage) -> bool:
    """Whether the file is this very page already."""
    try:
        return path.read_bytes().rstrip().endswith(f"<!-- {page.mark} -->".encode())
    except OSError:
        return False


def _digest(data: Any) -> str:
    return hashlib.sha256(canonical_json(data).encode()).hexdigest()[:32]


def _files(store: StoreReader, key: str, folder: Path) -> dict[str, str]:
    """The cell's own files that exist, by name, as links from the folder of pages."""
    cell_folder = store.folder(key)
    names = ("log.txt", "error.txt", "row.json", "cell.json", "curve.jsonl", "scores.npz", WEIGHTS_FILE)
    return {n: _link(cell_folder / n, folder) for n in names if (cell_folder / n).exists()}


def what_is_kept(store: StoreReader, key: str) -> list[str]:
    """The cell's weights and what `bench show` has made, with their sizes and times: [] for neither."""
    cell_folder = store.folder(key)
    made = (path for pattern in ("attention*.svg", "mistakes*.html") for path in cell_folder.glob(pattern))
    paths = sorted(path for path in (cell_folder / WEIGHTS_FILE, *made) if path.exists())
    return [f"{path.name} {path.stat().st_size} {path.stat().st_mtime_ns}" for path in paths]


def _kept(store: StoreReader, key: str, folder: Path) -> dict[str, Any]:
    """Bytes of the weights, None if none are kept, and links to figures of attention and pages of mistakes by name."""
    cell_folder = store.folder(key)
    weights, figures = cell_folder / WEIGHTS_FILE, sorted(cell_folder.glob("attention*.svg"))
    return {
        "weights": weights.stat().st_size if weights.exists() else None,
        "attention": {path.stem: _link(path, folder) for path in figures},
        "mistakes": {path.stem: _link(path, folder) for path in sorted(cell_folder.glob("mistakes*.html"))},
    }


def _link(path: Path, folder: Path) -> str:
    return Path(os.path.relpath(path, folder)).as_posix()


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
