"""The file that registers a method, found by its text: importing a method takes seconds, and torch."""

import functools
import re
from collections.abc import Mapping
from pathlib import Path

_REGISTERED = re.compile(r"""^@METHODS\.register\(["']([^"']+)["']\)""", re.MULTILINE)


def declaring_file(method: str, package: Path) -> Path | None:
    """The file of a method of this package, by its name; None for a plugin's, or if the text does not show it."""
    return _declared(package).get(method)


@functools.cache
def _declared(package: Path) -> Mapping[str, Path]:
    files: dict[str, list[Path]] = {}
    for file in sorted(package.rglob("*.py")):
        for name in _REGISTERED.findall(file.read_text()):
            files.setdefault(name, []).append(file)
    return {name: places[0] for name, places in files.items() if len(places) == 1}
