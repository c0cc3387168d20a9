"""The file that registers a name, found by its text: importing all that a package registers takes seconds."""

import functools
import re
from collections.abc import Mapping
from pathlib import Path

_REGISTERED = re.compile(r"""^@[A-Z_]+\.register\(["']([^"']+)["']\)""", re.MULTILINE)


def declaring_file(name: str, package: Path) -> Path | None:
    """The file of this package that registers the name; None for a plugin's, or if the text does not show it."""
    return _declared(package).get(name)


@functools.cache
def _declared(package: Path) -> Mapping[str, Path]:
    files: dict[str, list[Path]] = {}
    for file in sorted(package.rglob("*.py")):
        for name in _REGISTERED.findall(file.read_text()):
            files.setdefault(name, []).append(file)
    return {name: places[0] for name, places in files.items() if len(places) == 1}
