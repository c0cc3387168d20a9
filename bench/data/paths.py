"""Names of images as lists write them: one form for all readers, and names that some file systems take for one."""

import functools
import unicodedata
from collections.abc import Iterable
from pathlib import Path


def portable(name: str) -> str:
    """A path with forward slashes, without `.` and empty parts; a leading slash stays, to be refused.

    >>> portable("./a\\\\b//1.jpg"), portable("/a.jpg")
    ('a/b/1.jpg', '/a.jpg')
    """
    first, *rest = name.replace("\\", "/").split("/")
    parts = [part for part in rest if part not in ("", ".")]
    return "/".join(parts if first == "." or (not first and not rest) else [first, *parts])


def folded(name: str) -> str:
    """Equal for names that differ by upper case or by the Unicode form of a letter alone (macOS, Windows)."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def alike(path: Path) -> Path | None:
    """A file beside `path` whose name differs by case or Unicode form alone."""
    try:
        matches = _by_folded_name(path.parent, path.parent.stat().st_mtime_ns).get(folded(path.name))
    except OSError:
        return None
    return None if matches == path else matches  # a link that leads nowhere


@functools.lru_cache(maxsize=8)
def _by_folded_name(folder: Path, changed: int) -> dict[str, Path]:
    return {folded(entry.name): entry for entry in folder.iterdir()}


def collisions(names: Iterable[str]) -> list[tuple[str, str]]:
    """Pairs of different names that are one file where case or Unicode forms do not count."""
    first: dict[str, str] = {}
    return [(first[key], name) for name in names if first.setdefault(key := folded(name), name) != name]


def first_folder(parent: Path, *names: str) -> Path:
    """The first of the folders that exists; the first of them if none does, for the sentence on what is missing."""
    return next((parent / name for name in names if (parent / name).is_dir()), parent / names[0])
