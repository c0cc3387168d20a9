"""The stamp of a written report: what it was made from."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bench.records.component import canonical_json
from bench.records.reader import StoreReader
from bench.report.results import Results
from bench.system.files import read_json

STAMP = "stamp.json"


def inputs_digest(results: Results, store: StoreReader) -> str:
    """A hash of all that the report is made from, its own source code among it."""
    from bench.report.across import with_other_datasets
    from bench.report.render.cell_page import what_is_kept
    from bench.report.tables.across import as_data

    digest = hashlib.sha256()
    for source in sorted(p for p in Path(__file__).parent.rglob("*") if p.suffix in (".py", ".html", ".css", ".js")):
        digest.update(source.read_bytes())
    # The time of a sweep's last request changes nothing in its report.
    records = [record.content() for record in results.selection.records]
    missing = [gap.__dict__ for gap in results.missing]
    across = with_other_datasets(results, store)
    inputs = [
        results.selection.id,
        records,
        missing,
        results.baseline,
        sorted(results.stale),
        across and as_data(across),
        [metric.identity for metric in results.metrics],
        repr(results.measurements),
    ]
    digest.update(canonical_json(inputs).encode())
    for key, row in sorted(results.rows.items()):
        digest.update(canonical_json([key, row.to_json(), store.curve(key), what_is_kept(store, key)]).encode())
    return digest.hexdigest()


def stamped(folder: Path) -> str | None:
    """The digest of the report in the folder, or None if it is not complete."""
    try:
        stamp: Mapping[str, Any] = read_json(folder / STAMP)
        return stamp["digest"] if all((folder / name).exists() for name in stamp["files"]) else None
    except (OSError, ValueError, KeyError, TypeError):
        return None
