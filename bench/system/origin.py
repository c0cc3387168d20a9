"""Origin of a registered class, and the hash of the source that makes it."""

import functools
import hashlib
import importlib.metadata
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bench.errors import UsageError

PROGRAM = ("bench", "methods", "protocols")
MAIN = ("__main__", "__mp_main__")
"""A script, and what a spawned process calls the same script."""


@dataclass(frozen=True)
class Origin:
    """text: as in `bench ls`. digest: 16 hex digits over `sources`, the files by name; "" for what is built in."""

    text: str = "built in"
    digest: str = ""
    sources: Mapping[str, bytes] = field(default_factory=dict, repr=False, compare=False)


BUILT_IN = Origin()
FILES: dict[str, Origin] = {}
"""The origin of each module that a plugin file was loaded as."""


def is_built_in(module: str) -> bool:
    """Whether a module of this name is part of the program."""
    return module.partition(".")[0] in PROGRAM


def origin_of(module: str) -> Origin:
    """The origin of what an imported module defines."""
    if is_built_in(module):
        return BUILT_IN
    return FILES.get(module) or _imported(_root(module))


def digest(sources: Mapping[str, bytes]) -> str:
    """A hash of files by name, whatever their order."""
    sha256 = hashlib.sha256()
    for name, source in sorted(sources.items()):
        sha256.update(f"{name}\0{len(source)}\0".encode() + source)
    return sha256.hexdigest()[:16]


def _root(module: str) -> str:
    """The outermost package that has a file (a namespace has none), or the module itself."""
    parts = module.split(".")
    names = [".".join(parts[:depth]) for depth in range(1, len(parts) + 1)]
    return next((name for name in names if getattr(sys.modules.get(name), "__file__", None)), module)


@functools.cache  # the source at the first call, which is the source that runs
def _imported(root: str) -> Origin:
    file = getattr(sys.modules.get(root), "__file__", None)
    if file is None:
        raise UsageError(
            f"what {root} defines is in no file; put it into one, so that results can name the source that made them."
        )
    path = Path(file).resolve()
    files = sorted(path.parent.rglob("*.py")) if path.name == "__init__.py" else [path]
    sources = {source.relative_to(path.parent).as_posix(): source.read_bytes() for source in files}
    if root in MAIN:
        return Origin(f"file {path}", digest(sources), sources)
    return Origin(_distribution(root.partition(".")[0]) or f"package {root}", digest(sources), sources)


def _distribution(top: str) -> str:
    names = importlib.metadata.packages_distributions().get(top, [])
    return f"distribution {names[0]} {importlib.metadata.version(names[0])}" if names else ""
