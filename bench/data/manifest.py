"""Which image files of a copy are damaged or missing: every file is decoded once, and again only when it changed."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import numpy as np

from bench.data.decode import decoding_threads
from bench.data.folder import DAMAGED, FolderDataset, Part
from bench.data.images import ImageFiles
from bench.errors import DataError
from bench.system.files import write_arrays

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


def unreadable_images(dataset: FolderDataset, part: Part, progress: Progress | None = None) -> dict[str, str]:
    """Ids of the part's damaged or missing images, in list order, each with the sentence that says what is wrong.

    What is found is kept in the cache with each file's stamp; files that still have theirs are not read again.
    """
    ids = dataset.listing(part).ids
    paths = dataset.image_paths(part, ids)
    stamps = _stamps(paths)
    checked = _load(dataset, part)
    news = [i for i, name in enumerate(ids) if name not in checked or checked[name].stamp != stamps[i]]
    hear = progress or dataset.on_progress or (lambda done, total: None)
    for done, (i, problem) in enumerate(zip(news, _problems([paths[i] for i in news]), strict=True), start=1):
        checked[ids[i]] = Checked(stamps[i], problem)
        if done % CHUNK == 0 or done == len(news):
            hear(done, len(news))
        if done % SAVE_EVERY == 0 or done == len(news):
            _save(dataset, part, checked)
    return {name: checked[name].problem for name in ids if checked[name].problem}


def known_damage(dataset: FolderDataset, part: Part) -> dict[str, str]:
    """What an earlier check found and nobody has mended since; {} if no check was made. Reads no image."""
    checked = _load(dataset, part)
    suspects = [name for name in dataset.listing(part).ids if name in checked and checked[name].problem]
    stamps = _stamps(dataset.image_paths(part, suspects))
    return {
        name: checked[name].problem
        for name, stamp in zip(suspects, stamps, strict=True)
        if checked[name].stamp == stamp
    }


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


def _load(dataset: FolderDataset, part: Part) -> dict[str, Checked]:
    """The last check by image id; empty if there was none."""
    try:
        with np.load(_path(dataset, part)) as kept:
            columns = (kept["ids"].tolist(), kept["stamps"].tolist(), kept["problems"].tolist())
    except DAMAGED:
        return {}
    return {name: Checked((size, time), problem) for name, (size, time), problem in zip(*columns, strict=True)}


def _save(dataset: FolderDataset, part: Part, checked: dict[str, Checked]) -> None:
    write_arrays(
        _path(dataset, part),
        ids=np.array(list(checked), dtype=str),
        stamps=np.array([one.stamp for one in checked.values()], np.int64),
        problems=np.array([one.problem for one in checked.values()], dtype=str),
    )


def _path(dataset: FolderDataset, part: Part) -> Path:
    """Every folder of images has a manifest of its own, and every list in it."""
    where = f"{dataset.image_folder(part).resolve()} {dataset.sources(part)[0].resolve()}"
    return dataset.cache / dataset.name / f"images-{part}-{hashlib.sha256(where.encode()).hexdigest()[:16]}.npz"
