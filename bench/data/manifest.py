"""Manifest of a copy's image files: each is read once, and again only when it changed.

As in git's index, a file that has its size and times of change since it was read need not be read to be known.
"""

import hashlib
import json
import os
import stat
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from bench.data.decode import decoding_threads
from bench.data.examined import NO_DIGEST, Examined, examined
from bench.data.image_facts_arrays import FACT_ARRAYS, facts_as_arrays, facts_of_arrays
from bench.system.files import NO_ARRAYS, write_arrays
from bench.system.progress import Progress

CHUNK = 256
SAVE_EVERY = 16 * CHUNK
"""Images between two writings of the manifest, so that an interrupted check can be resumed."""

SETTLED_NS = 2_000_000_000
"""The coarsest clock of a file system (FAT's). A file that was read sooner after its last change may have changed once
more within the same tick, and is read again."""

Stamp = tuple[int, int, int]
"""Size of a file, and when its content and when anything about it last changed; ABSENT of one that is not there.

Not the inode, which some network file systems make up anew: the second time, which no program can set, changes with
a rename too.
"""

ABSENT: Stamp = (-1, -1, -1)


class Known(NamedTuple):
    """State of one file when it was last read: its stamp, the time (ns), and the findings."""

    stamp: Stamp
    read_at: int
    examined: Examined

    def holds(self, stamp: Stamp, decoded: bool) -> bool:
        """Whether a file with this stamp is certainly the one that was read (and decoded, if required)."""
        if stamp == ABSENT or self.stamp != stamp:
            return stamp == self.stamp
        settled = max(stamp[1:]) + SETTLED_NS <= self.read_at and self.examined.digest != NO_DIGEST
        return settled and (self.examined.decoded or not decoded)


@dataclass(frozen=True)
class Manifest:
    """What is known of one list of image files.

    path: where it is kept. ids: of the images, in list order. files: the files of some ids, in their order.
    """

    path: Path
    ids: Sequence[str]
    files: Callable[[Sequence[str]], Sequence[Path]]

    def known(self, decode: bool, progress: Progress) -> dict[str, Examined]:
        """What is in each image file, by id in list order. decode: its pixels are looked at too.

        The findings are kept, and only files that may have changed are read again.
        """
        ids, paths = self.ids, self.files(self.ids)
        stamps = stamps_of(paths)
        known = self._load()
        news = [i for i, name in enumerate(ids) if name not in known or not known[name].holds(stamps[i], decode)]

        def read(i: int) -> Known:
            before, now = known.get(ids[i]), time.time_ns()
            return Known(stamps[i], now, examined(paths[i], decode, before.examined if before else None))

        with ThreadPoolExecutor(decoding_threads()) as threads:
            for start in range(0, len(news), CHUNK):
                chunk = news[start : start + CHUNK]
                known.update(zip([ids[i] for i in chunk], threads.map(read, chunk), strict=True))
                done = start + len(chunk)
                progress(done, len(news))
                if done % SAVE_EVERY == 0 or done == len(news):
                    self._save(known)
        return {name: known[name].examined for name in ids}

    def known_damage(self) -> dict[str, str]:
        """Damage that an earlier check found and that is still there; {} if no check was made. Reads no image."""
        known = self._load()
        suspects = [name for name in self.ids if name in known and known[name].examined.problem]
        return {
            name: known[name].examined.problem
            for name, stamp in zip(suspects, stamps_of(self.files(suspects)), strict=True)
            if known[name].stamp == stamp
        }

    def _load(self) -> dict[str, Known]:
        """The last check by image id; empty if there was none."""
        try:
            with np.load(self.path) as kept:
                ids, times, decoded = (kept[name].tolist() for name in ("ids", "times", "decoded"))
                digests, notes = kept["digests"].tobytes(), json.loads(str(kept["notes"]))
                facts = facts_of_arrays({name: kept[name] for name in FACT_ARRAYS}) if FACT_ARRAYS[0] in kept else None
            size = hashlib.sha256().digest_size
        except NO_ARRAYS:
            return {}
        if facts is None:  # an earlier version kept the files' hashes and no facts
            decoded, facts = [False] * len(ids), [None] * len(ids)
        known = {}
        for i, (name, (*stamp, read_at)) in enumerate(zip(ids, times, strict=True)):
            problem, remarks = notes.get(name, ("", ()))
            examined = Examined(digests[i * size : (i + 1) * size], decoded[i], problem, tuple(remarks), facts[i])
            known[name] = Known((stamp[0], stamp[1], stamp[2]), read_at, examined)
        return known

    def _save(self, known: dict[str, Known]) -> None:
        notes = {name: one.examined[2:4] for name, one in known.items() if any(one.examined[2:4])}
        write_arrays(
            self.path,
            ids=np.array(list(known), dtype=str),
            times=np.array([(*one.stamp, one.read_at) for one in known.values()], np.int64),
            decoded=np.array([one.examined.decoded for one in known.values()], bool),
            digests=np.frombuffer(b"".join(one.examined.digest for one in known.values()), np.uint8),
            notes=np.array(json.dumps(notes)),
            **facts_as_arrays([one.examined.facts for one in known.values()]),
        )


def stamps_of(paths: Sequence[Path]) -> list[Stamp]:
    """Of each file, without reading it."""

    def stamp(path: Path) -> Stamp:
        try:
            about = os.stat(path)  # noqa: PTH116 - a third of the time of Path.stat over 82,783 files
        except (OSError, ValueError):  # the second: no file system has such a name
            return ABSENT
        return (about.st_size, about.st_mtime_ns, about.st_ctime_ns) if stat.S_ISREG(about.st_mode) else ABSENT

    return [stamp(path) for path in paths]
