"""Maintenance of the cache: which entries are in use or damaged, and their removal."""

import shutil
from contextlib import suppress
from pathlib import Path
from typing import Literal

from bench.data.scenes.gallery import sweep_parts
from bench.errors import DataError, UsageError
from bench.features.layout import CacheEntry, entries
from bench.features.locks import hold, is_held
from bench.system.files import leftovers, remove_leftovers

Verdict = Literal["sound", "damaged", "in use by an encoder", "cut off", "of another version"]


def usage(entry: CacheEntry) -> bool:
    """Whether some process reads or fills the entry now."""
    return is_held(entry.folder)


def verify(entry: CacheEntry) -> tuple[Verdict, list[str]]:
    """The entry's state and what is wrong with it; every byte of a complete one is read again."""
    if entry.outdated:
        return "of another version", []
    held = hold(entry.folder, alone=False)
    if held is None:
        return "in use by an encoder", []
    with held:
        if not entry.complete:
            return "cut off", []
        problems = list(entry.problems())
        return ("damaged", problems) if problems else ("sound", [])


def sweep(cache: Path) -> None:
    """Remove what processes that were killed while writing left; what is in use, or may not be written, stays."""
    sweep_parts(cache / "scenes")
    for entry in entries(cache):
        if not leftovers(entry.folder):
            continue
        with suppress(DataError):
            alone = hold(entry.folder, alone=True)
            if alone is not None:
                with alone:
                    remove_leftovers(entry.folder)


def remove(entry: CacheEntry) -> None:
    """The entry and all its files; UsageError if some process uses it."""
    alone = hold(entry.folder, alone=True)
    if alone is None:
        raise UsageError(f"the features {entry.key} are in use by a process; let it end, then remove them.")
    with alone:
        (entry.folder / "features.json").unlink(missing_ok=True)  # half-removed must not look whole
        try:
            shutil.rmtree(entry.folder)
        except OSError as error:
            raise DataError(f"the cache folder {entry.folder} cannot be removed ({error.strerror}).") from None
