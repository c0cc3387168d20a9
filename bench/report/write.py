"""From results to files: `<store>/reports/<id>/` and, for the latest, `<store>/report.md`."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bench.cells import canonical_json
from bench.files import atomic, read_json, write_json, write_text
from bench.report.document import document
from bench.report.results import Results
from bench.store import Store

STAMP = "stamp.json"


def write_report(results: Results, store: Store) -> Path:
    """Write tables, figures, CSV and `report.md`, unless they stand there already; the path of `report.md`.

    `<store>/report.md` is the same report with links into the folder: a copy, since links between files do not work
    everywhere.
    """
    folder = store.root / "reports" / results.selection.id
    digest = inputs_digest(results, store)
    if _stamped(folder) != digest:
        images = _figures(results, store)
        for name, image in images.items():
            with atomic(folder / name) as file:
                file.write(image)
        write_text(folder / "results.csv", results.frame.to_csv(index=False))
        write_text(folder / "report.md", document(results, sorted(images)))
        write_json(folder / STAMP, {"digest": digest, "files": sorted([*images, "results.csv", "report.md"])})
    _point(store.root / "report.md", folder)
    return folder / "report.md"


def inputs_digest(results: Results, store: Store) -> str:
    """A hash of all that the report is made from, its own source code among it."""
    digest = hashlib.sha256()
    for source in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(source.read_bytes())
    # When a sweep was last asked for changes nothing in its report.
    records = [{k: v for k, v in record.items() if k != "asked"} for record in results.selection.records]
    missing = [gap.__dict__ for gap in results.missing]
    digest.update(canonical_json([results.selection.id, records, missing]).encode())
    for key, row in sorted(results.rows.items()):
        digest.update(canonical_json([key, row.to_json(), store.curve(key)]).encode())
    return digest.hexdigest()


def _stamped(folder: Path) -> str | None:
    """The digest of the report that stands in the folder, or None if it is not whole."""
    try:
        stamp: Mapping[str, Any] = read_json(folder / STAMP)
        return stamp["digest"] if all((folder / name).exists() for name in stamp["files"]) else None
    except (OSError, ValueError, KeyError):
        return None


def _figures(results: Results, store: Store) -> dict[str, bytes]:
    from bench.report.figures import learning_figure, ratio_figure
    from bench.report.results import curves

    if results.frame.empty:
        return {}
    figures = {"ratios": ratio_figure(results), "curves": learning_figure(results, curves(results, store))}
    return {f"{name}.{suffix}": image for name, images in figures.items() for suffix, image in images.items()}


def _point(pointer: Path, folder: Path) -> None:
    """Make `pointer` the copy of the folder's report."""
    text = (folder / "report.md").read_text()
    for name in read_json(folder / STAMP)["files"]:
        text = text.replace(f"]({name})", f"](reports/{folder.name}/{name})")
    if not pointer.exists() or pointer.read_text() != text:
        write_text(pointer, text)
