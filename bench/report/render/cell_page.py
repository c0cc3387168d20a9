"""A page for each cell: what it was, what it learned from, what came out, how long it took, where it ran."""

import hashlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.records.cells import Cell
from bench.records.component import canonical_json
from bench.records.layout import WEIGHTS_FILE
from bench.records.reader import StoreReader
from bench.report.calibration import Reliability
from bench.report.render.curve_svg import curve_svg
from bench.report.render.html import page_templates, templates_digest
from bench.report.results import Missing, Results


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
