"""Files of cells with something changed in a sound file."""

from collections.abc import Callable, Mapping
from pathlib import Path

from bench.records.cell_file.layout import CELLS_FORMAT, CELLS_KIND
from bench.system.bundle import Bundle
from bench.system.bundle_writing import Content, write_bundle

Change = Callable[[bytes], bytes | None]


def rewritten_cells(source: Path, path: Path, changes: Mapping[str, Change]) -> Path:
    """The file with these members changed, added, or left out (None), its digests worked out again."""
    bundle = Bundle(source, CELLS_KIND, CELLS_FORMAT)
    about = {name: value for name, value in bundle.record.items() if name not in ("kind", "format", "members")}
    contents = []
    for name in dict.fromkeys((*bundle.members, *changes)):
        old = bundle.content(name, 10**9) if name in bundle.members else b""
        new = changes[name](old) if name in changes else old
        if new is not None:
            contents.append(Content.of(name, new))
    write_bundle(path, CELLS_KIND, CELLS_FORMAT, about, contents)
    return path
