"""From results to files: `<store>/reports/<id>/` and, for the latest, `<store>/report.md`."""

import hashlib
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from bench.errors import DataError
from bench.records.component import canonical_json
from bench.records.paths import inside
from bench.records.reader import StoreReader
from bench.report.image_intervals import ImageIntervals, compared_cells, images_within
from bench.report.resampled_files import resampled_file, resampled_folder
from bench.report.results import Results
from bench.report.stamp import STAMP, inputs_digest, stamped
from bench.system.disk import if_allowed, refuse_unwritable
from bench.system.files import atomic, read_json, write_json, write_text
from bench.system.progress import Progress
from bench.system.spreadsheet import frame_csv

PAGES = "cells"

IN_PASSING = 15.0
"""Seconds that the report at the end of a run may take for intervals over test images."""


def write_report(
    results: Results, store: StoreReader, *, within: float | None = None, progress: Progress | None = None
) -> Path:
    """Write the report in all its forms, unless it is up to date; the path of `report.md`.

    Beside it lie `report.html` with a page for each cell, `results.csv`, a LaTeX file for each table, and the figures.
    `<store>/report.md` is the same report with links into the folder: a copy, since links between files do not work
    everywhere. within: the seconds that intervals over test images may take; the report says what was left out.
    RefusedError, before anything is drawn, where the store may only be read.
    """
    folder = inside(store.root, "reports", results.selection.id)
    if stamped(folder) != _digest(results, store) or (within is None and not _all_resampled(results, store)):
        refuse_unwritable(folder)
        images = images_within(results, store, within, progress)
        digest = _digest(results, store)
        if stamped(folder) != digest:
            files = _files(results, store, folder, images)
            for name, content in files.items():
                with atomic(inside(folder, name)) as file:
                    file.write(content.encode() if isinstance(content, str) else content)
            names = [*files, *_cell_pages(results, store, folder)]
            remove_others(folder, names)
            write_json(folder / STAMP, {"digest": digest, "files": sorted(names)})
    with if_allowed():
        _point(store.root / "report.md", folder)
    return folder / "report.md"


def _digest(results: Results, store: StoreReader) -> str:
    """A hash of what the report is made from, and of which cells have been resampled."""
    kept = [key for key in compared_cells(results) if resampled_file(store, key).exists()]
    return hashlib.sha256(canonical_json([inputs_digest(results, store), kept]).encode()).hexdigest()


def _all_resampled(results: Results, store: StoreReader) -> bool:
    """Whether there is nothing left to resample, by the files alone."""
    resampled, scored = (
        resampled_folder(store),
        [k for k in compared_cells(results) if store.file(k, "scores.npz").exists()],
    )
    return all((resampled / f"{key}.npz").exists() for key in scored)


def _files(results: Results, store: StoreReader, folder: Path, images: ImageIntervals) -> dict[str, str | bytes]:
    """Everything but the cells' pages, by file name."""
    import pandas as pd

    from bench.report.calibration import reliabilities
    from bench.report.contents import CACHE, contents
    from bench.report.render.html import report_page
    from bench.report.render.latex import latex, standalone
    from bench.report.render.markdown import document

    sections = contents(results, store, folder, images)
    files: dict[str, str | bytes] = {
        f"{drawing.name}.{suffix}": image
        for section in sections
        for drawing in section.drawings
        for suffix, image in drawing.images.items()
    }
    tables = {name: table for section in sections for name, table in section.tables.items()}
    files |= {f"{name}.tex": latex(table, name) for name, table in tables.items()}
    files |= {f"{s.name}.csv": frame_csv(pd.DataFrame(s.records, dtype=object)) for s in sections if s.records}
    return files | {
        "tables.tex": standalone(list(tables)),
        "results.csv": frame_csv(results.frame),
        "report.html": report_page(results, sections, reliabilities(results, store, folder / CACHE)),
        "report.md": document(results, sections),
    }


def remove_others(folder: Path, names: Sequence[str]) -> None:
    """Remove what the report that stood here had beside these files, tables of other metrics say; nothing else."""
    try:
        earlier = [name for name in read_json(folder / STAMP)["files"] if isinstance(name, str) and name not in names]
    except (OSError, ValueError, LookupError, TypeError):
        return
    for name in earlier:
        with suppress(DataError, OSError):
            inside(folder, name).unlink()


def _cell_pages(results: Results, store: StoreReader, folder: Path) -> Sequence[str]:
    """Write the pages that do not stand there already, delete those of other cells; the names of all."""
    from bench.report.calibration import reliabilities
    from bench.report.contents import CACHE
    from bench.report.render.cell_page import cell_pages, render_cell_page, stands

    pages = inside(folder, PAGES)
    pages.mkdir(parents=True, exist_ok=True)
    names = []
    for page in cell_pages(results, store, pages, reliabilities(results, store, folder / CACHE)):
        path = inside(pages, f"{page.key}.html")
        if not stands(path, page):
            # A page cut off by a kill lacks its mark and is written again: no need to wait for the disk each time.
            path.write_text(render_cell_page(page))
        names.append(f"{PAGES}/{path.name}")
    for path in pages.glob("*.html"):
        if f"{PAGES}/{path.name}" not in names:
            path.unlink()
    return names


def _point(pointer: Path, folder: Path) -> None:
    """Make `pointer` the copy of the folder's report."""
    text = (folder / "report.md").read_text()
    for name in read_json(folder / STAMP)["files"]:
        text = text.replace(f"]({name})", f"](reports/{folder.name}/{name})")
    if not pointer.exists() or pointer.read_text() != text:
        write_text(pointer, text)
