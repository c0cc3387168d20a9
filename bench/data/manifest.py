"""Which image files of a copy are damaged or missing: every file is decoded once, and again only when it changed."""

import zipfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from bench.data.decode import decoding_threads
from bench.data.images import ImageFiles
from bench.errors import DataError
from bench.system.files import write_arrays

DAMAGED = (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile)
"""What reading a cache raises that is absent or was not written by us; it is then made anew."""

CHUNK = 256
SAVE_EVERY = 16 * CHUNK
"""Images between two writings of the manifest, so that an interrupted check goes on where it was."""

Stamp = tuple[int, int]
"""Size and time of change of a file; (-1, -1) of a file that is not there."""

Progress = Callable[[int, int], None]
"""Called with (images done, images in all)."""


class Checked(NamedTuple):
    """One file when it was last read: its stamp, and what was wrong with it ("": nothing)."""

    stamp: Stamp
    problem: str


@dataclass(frozen=True)
class Manifest:
    """The kept check of one list of image files.

    path: where it is kept. ids: of the images, in list order. files: the files of some ids, in their order.
    """

    path: Path
    ids: Sequence[str]
    files: Callable[[Sequence[str]], Sequence[Path]]

    def unreadable(self, progress: Progress) -> dict[str, str]:
        """Ids of damaged or missing images, in list order, each with the sentence that says what is wrong.

        What is found is kept with each file's stamp; files that still have theirs are not read again.
        """
        paths = self.files(self.ids)
        stamps = _stamps(paths)
        checked = self._load()
        news = [i for i, name in enumerate(self.ids) if name not in checked or checked[name].stamp != stamps[i]]
        for done, (i, problem) in enumerate(zip(news, _problems([paths[i] for i in news]), strict=True), start=1):
            checked[self.ids[i]] = Checked(stamps[i], problem)
            if done % CHUNK == 0 or done == len(news):
                progress(done, len(news))
            if done % SAVE_EVERY == 0 or done == len(news):
                self._save(checked)
        return {name: checked[name].problem for name in self.ids if checked[name].problem}

    def known_damage(self) -> dict[str, str]:
        """What an earlier check found and nobody has mended since; {} if no check was made. Reads no image."""
        checked = self._load()
        suspects = [name for name in self.ids if name in checked and checked[name].problem]
        stamps = _stamps(self.files(suspects))
        return {
            name: checked[name].problem
            for name, stamp in zip(suspects, stamps, strict=True)
            if checked[name].stamp == stamp
        }

    def _load(self) -> dict[str, Checked]:
        """The last check by image id; empty if there was none."""
        try:
            with np.load(self.path) as kept:
                columns = (kept["ids"].tolist(), kept["stamps"].tolist(), kept["problems"].tolist())
        except DAMAGED:
            return {}
        return {name: Checked((size, time), problem) for name, (size, time), problem in zip(*columns, strict=True)}

    def _save(self, checked: dict[str, Checked]) -> None:
        write_arrays(
            self.path,
            ids=np.array(list(checked), dtype=str),
            stamps=np.array([one.stamp for one in checked.values()], np.int64),
            problems=np.array([one.problem for one in checked.values()], dtype=str),
        )


def _problems(paths: Sequence[Path]) -> Iterator[str]:
    """For each file, what is wrong with it, or "" if all its pixels can be read. Decoding lets other threads run."""

    def problem(path: Path) -> str:
        try:
            ImageFiles([path])[0]
        except DataError as error:
            return str(error)
        return ""

    with ThreadPoolExecutor(decoding_threads()) as threads:
        for start in range(0, len(paths), CHUNK):
            yield from threads.map(problem, paths[start : start + CHUNK])


def _stamps(paths: Sequence[Path]) -> list[Stamp]:
    def stamp(path: Path) -> Stamp:
        try:
            about = path.stat()
        except OSError:
            return -1, -1
        return about.st_size, about.st_mtime_ns

    return [stamp(path) for path in paths]
