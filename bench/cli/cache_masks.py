"""Masks in the cache: how many there are, and their removal. They are drawn again when a cell needs them."""

from contextlib import suppress
from pathlib import Path

from bench.cli.cache_facts import size_text
from bench.system.paths import MASKS_FOLDER
from bench.system.wording import counted


def masks_line(cache: Path) -> str:
    """`2 masks, 34.0 MiB in ...`; empty if there are none."""
    count, size = _count_and_size(cache)
    return f"{counted(count, 'mask')}, {size_text(size)} in {cache / MASKS_FOLDER}" if count else ""


def remove_masks(cache: Path) -> str:
    """Remove all of them; processes that have one mapped keep it. What was removed, in words."""
    count, size = _count_and_size(cache)
    for path in _files(cache):
        with suppress(FileNotFoundError):
            path.unlink()
    return f"{counted(count, 'mask')}, {size_text(size)}"


def _count_and_size(cache: Path) -> tuple[int, int]:
    files = _files(cache)
    whole = [path for path in files if path.suffix == ".npy" and not path.name.startswith(".")]
    return len(whole), sum(path.stat().st_size for path in files)


def _files(cache: Path) -> list[Path]:
    """Masks with their checksums, and what was cut off while it was written."""
    folder = cache / MASKS_FOLDER
    return [path for path in folder.iterdir() if path.is_file()] if folder.is_dir() else []
