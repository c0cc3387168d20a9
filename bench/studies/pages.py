"""Pages of studies: a folder of files from texts, tables and figures, written only if changed."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from bench.errors import UsageError
from bench.records.paths import inside
from bench.records.reader import StoreReader
from bench.report.render.safe_markdown import tame
from bench.report.results import Results
from bench.report.stamp import STAMP, stamped
from bench.system.files import atomic, write_json, write_text

Files = Mapping[str, str | bytes]


def study_of(results: Results, kind: str) -> Mapping[str, Any]:
    """The study in the sweep's record; UsageError if it is none of this kind."""
    newest = results.selection.newest
    if newest.study_kind != kind:
        raise UsageError(f"sweep {results.selection.id} is not of the kind {kind!r}; start one with `bench`.")
    return newest.study


def study_folder(results: Results, store: StoreReader, kind: str) -> Path:
    """The folder of the study's report."""
    return inside(store.root, "reports", f"{kind}-{results.selection.id}")


def write_files(folder: Path, digest: str, make: Callable[[], Files]) -> None:
    """The files that `make` gives, unless the folder has those of this digest already."""
    if stamped(folder) == digest:
        return
    files = make()
    for name, content in files.items():
        if isinstance(content, str):
            write_text(inside(folder, name), tame(content) if name.endswith(".md") else content)
        else:
            with atomic(inside(folder, name)) as file:
                file.write(content)
    write_json(folder / STAMP, {"digest": digest, "files": sorted(files)})
