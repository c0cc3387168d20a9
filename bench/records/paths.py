"""Paths made of names: each stays in its folder, or is refused."""

import os
import re
from collections.abc import Sequence
from itertools import accumulate
from pathlib import Path

from bench.errors import DataError

_BROKEN = re.compile(r"[\\\x00]")


def inside(folder: Path, *parts: str) -> Path:
    """The path of `parts` below `folder`; DataError where it would lie elsewhere, symbolic links followed.

    >>> inside(Path("results"), "cells", "0123456789abcdef").as_posix()
    'results/cells/0123456789abcdef'
    """
    steps = "/".join(parts).split("/")
    if all(step not in ("", ".", "..") and not _BROKEN.search(step) for step in steps):
        path = folder.joinpath(*parts)
        if not _is_linked(folder, steps) or _leads_into(folder, path):
            return path
    raise DataError(f"{'/'.join(parts)!r} leads out of the folder {folder}, and is not used; remove what names it.")


def _is_linked(folder: Path, steps: Sequence[str]) -> bool:
    """Whether a step below the folder is a symbolic link; where none is, nothing need be resolved."""
    _, *places = accumulate(steps, os.path.join, initial=os.fspath(folder))
    return any(map(os.path.islink, places))


def _leads_into(folder: Path, path: Path) -> bool:
    root, real = (os.path.realpath(place) for place in (folder, path))
    return real.startswith(os.path.join(root, ""))  # noqa: PTH118 - the root itself must not get a second slash


def refuse_links(folder: Path) -> None:
    """DataError if anything in the folder is a link to another place: what is opened in it by name would lie there.

    Another process may remove folders of it meanwhile, as one does that finishes a cell; what is gone is no link.
    """
    for place, folders, files in os.walk(folder):
        for name in (*folders, *files):
            inside(folder, Path(place, name).relative_to(folder).as_posix())
