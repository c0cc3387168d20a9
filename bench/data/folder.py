"""Base of the datasets that lie on the user's disk: what their readers share.

A reader says which files it reads, what is in them, and where the images are; everything else is here.
"""

import hashlib
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np

from bench.data.base import Dataset, Split
from bench.data.copies import refuse_one_file, refuse_one_name, shared
from bench.data.download import Archive
from bench.data.examined import Examined
from bench.data.image_sizes import sampled_sizes
from bench.data.images import ImageFiles
from bench.data.listing import Listing, checked, keep, kept, labels_of_rows
from bench.data.manifest import Manifest, stamps_of
from bench.data.official import Official, deviations
from bench.data.unknown import is_complete
from bench.errors import DataError
from bench.records.component import canonical_json
from bench.settings.config import setting
from bench.settings.conversion import values
from bench.system.files import NO_ARRAYS
from bench.system.progress import Progress

DataPart = Literal["train", "test"]
PARTS: tuple[DataPart, DataPart] = ("train", "test")
APPLIED_LATER = ("names", "unreadable", "images")
"""Options that choose from what was read, and do not change how files are read."""
READING = 4
"""Raised when files are read in another way: what was kept before is then read again."""


@dataclass(frozen=True, kw_only=True)
class FolderOptions:
    """What all datasets on disk have in common."""

    names: Literal["raw", "clean"] = setting(
        "raw", "names in prompts: raw, as the files spell them and as the papers' code uses them; clean: plain words"
    )
    unreadable: Literal["fail", "skip"] = setting(
        "fail", "damaged or missing images: fail: stop and name them; skip: leave them out and say so in every row"
    )


class FolderDataset(Dataset):
    """A dataset read from a folder. Subclasses give `sources`, `read` and `image_folder`.

    official: counts and hashes of the papers' lists; official_classes: `list_digest` of the raw class names. archives:
    where the official files can be fetched. clean_names: raw name to plain words, beyond blanks for underscores.
    """

    needs_root = True
    options: Any
    official: ClassVar[Mapping[DataPart, Official]] = {}
    official_classes: ClassVar[str | None] = None
    archives: ClassVar[tuple[Archive, ...]] = ()
    clean_names: ClassVar[Mapping[str, str]] = {}

    def __init__(self, options: Any, root: Path | None, cache: Path):
        super().__init__(options, root, cache)
        if root is None:
            raise DataError(f"{self.name} is read from your disk; --root must be the folder that holds its files.")
        if not root.is_dir():
            raise DataError(f"{root} is missing; --root must be the folder that holds {self.layout}.")
        self.folder = self.locate(root)
        self._listings: dict[DataPart, Listing] = {}
        self._known: dict[DataPart, Mapping[str, Examined]] = {}

    layout: ClassVar[str] = "its files"
    """The folder's expected content, for error sentences."""

    def locate(self, root: Path) -> Path:
        """The folder that `sources` and `image_folder` start from; some datasets come with a folder around it."""
        return root

    @abstractmethod
    def sources(self, part: DataPart) -> Sequence[Path]:
        """The files that decide the part's list and labels, the list itself first."""

    @abstractmethod
    def read(self, part: DataPart) -> Listing:
        """The part as those files list it."""

    @abstractmethod
    def image_folder(self, part: DataPart) -> Path:
        """The folder that the ids are paths in."""

    def image_paths(self, part: DataPart, ids: Sequence[str]) -> list[Path]:
        folder = self.image_folder(part)
        return [folder / name for name in ids]

    def counts(self, labels: np.ndarray) -> np.ndarray:
        """bool (N,): which images of the full list count under these options; all, unless a reader says otherwise."""
        return np.ones(len(labels), bool)

    @cached_property
    def class_names(self) -> tuple[str, ...]:
        raw = self.listing("train").classes
        names = raw if self.options.names == "raw" else tuple(map(self.prompt_name, raw))
        if len(set(names)) != len(names):
            twice = next(name for name in names if names.count(name) > 1)
            raise DataError(f"two classes of {self.name} are called {twice!r}; every class needs a name of its own.")
        return names

    def prompt_name(self, raw: str) -> str:
        """A raw class name as plain words (or as the option `names` says); the raw names themselves never come here."""
        return self.clean_names.get(raw, raw).replace("_", " ").strip()

    @cached_property
    def train(self) -> Split:
        return self._split("train")

    @cached_property
    def test(self) -> Split:
        self.check_parts()
        return self._split("test")

    @property
    def has_unknown(self) -> bool:
        """Decided by the listed labels; no image is read."""
        return not is_complete(self.listing("train").labels)

    def check_parts(self) -> None:
        """Both parts have the same classes and no image in common; DataError if not."""
        train, test = self.listing("train"), self.listing("test")
        if test.classes != train.classes:
            raise DataError("train and test files list different categories; both must belong to one dataset.")
        if self.image_folder("train") == self.image_folder("test"):
            refuse_one_name(self.name, train.ids, test.ids)

    def _split(self, part: DataPart) -> Split:
        listing = self.listing(part)
        kept = self.counts(listing.labels)
        unreadable = self.unreadable[part]
        if unreadable:
            kept &= ~np.isin(listing.ids, sorted(unreadable))
        rows = np.flatnonzero(kept)
        if not len(rows):
            raise DataError(f"no image of {self.name} {part} is left under these options; check {self.folder}.")
        whole = len(rows) == len(listing.ids)
        ids = listing.ids if whole else tuple(listing.ids[row] for row in rows)
        cache = self.cache / self.name
        return Split(
            ids,
            listing.labels if whole else labels_of_rows(listing, rows, cache, self.state_of_sources(part)),
            ImageFiles(self.image_paths(part, ids), lambda: self._digests(part, ids)),
            positions=None if whole else rows,
            official_count=None if whole else len(listing.ids),
            ignored=None if listing.ignored is None else listing.ignored[rows],
        )

    def _digests(self, part: DataPart, ids: Sequence[str]) -> list[bytes]:
        known = self.known(part)
        return [known[name].digest for name in ids]

    def known(self, part: DataPart, decode: bool = False, progress: Progress | None = None) -> Mapping[str, Examined]:
        """By id what is in each listed image file: its bytes' hash, and with `decode` whether its pixels can be read.

        Every file is read once, and by a later process again where it changed.
        """
        if part not in self._known or (decode and not all(one.decoded for one in self._known[part].values())):
            show = progress or self.on_progress or (lambda done, total: None)
            self._known[part] = self.manifest(part).known(decode, show)
        return self._known[part]

    def unreadable_images(self, part: DataPart, progress: Progress | None = None) -> dict[str, str]:
        """Ids of damaged or missing images, in list order, each with the sentence that says what is wrong."""
        return {name: one.problem for name, one in self.known(part, True, progress).items() if one.problem}

    def manifest(self, part: DataPart) -> Manifest:
        """Of the part's image files; every folder of images has one of its own, and every list in it."""
        where = f"{self.image_folder(part).resolve()} {self.sources(part)[0].resolve()}"
        name = f"images-{part}-{hashlib.sha256(where.encode()).hexdigest()[:16]}.npz"
        return Manifest(self.cache / self.name / name, self.listing(part).ids, partial(self.image_paths, part))

    def check(self) -> None:
        """Also checks that no file is both a training and a test image, under any name."""
        super().check()
        self.check_files()

    def check_files(self) -> None:
        """DataError if a training and a test image are one file."""
        pairs = shared(self.known("train"), self.known("test"))
        trained = self.image_paths("train", [train for train, _ in pairs])
        tested = self.image_paths("test", [test for _, test in pairs])
        refuse_one_file(self.name, zip(trained, tested, strict=True))

    @cached_property
    def unreadable(self) -> Mapping[DataPart, frozenset[str]]:
        """The ids left out as damaged or missing: all images are checked once, changed ones again."""
        if self.options.unreadable == "skip":
            return {part: frozenset(self.unreadable_images(part)) for part in PARTS}
        for part in PARTS:
            for name, problem in self.manifest(part).known_damage().items():
                raise DataError(
                    f"{problem} `bench prepare` found it: mend it ({part} image {name}), or leave such images out with "
                    f"--data {self.name}.unreadable=skip."
                )
        return {part: frozenset() for part in PARTS}

    @cached_property
    def facts(self) -> dict[str, Any]:
        skipped = {f"{part}_unreadable_skipped": len(self.unreadable[part]) for part in PARTS}
        deviations = [f"{part} {deviation}" for part in PARTS for deviation in self.deviations(part)]
        differing = {"deviations": deviations} if deviations else {}
        sizes = sampled_sizes(self.train.ids, partial(self.image_paths, "train"))
        return {**super().facts, **skipped, "official_lists": not deviations, **differing, **sizes}

    def pinned(self, part: DataPart) -> Official | None:
        """Counts and hashes of the papers' copy of the part, under these options."""
        return self.official.get(part)

    def deviations(self, part: DataPart) -> list[str]:
        """How the part's list and labels differ from the papers'."""
        pinned, listing = self.pinned(part), self.listing(part)
        return [] if pinned is None else list(deviations(pinned, listing.ids, listing.labels))

    def listing(self, part: DataPart) -> Listing:
        """The part as listed, parsed once for as long as its files stay the same."""
        if part not in self._listings:
            self._listings[part] = self._remembered(part)
        return self._listings[part]

    def _remembered(self, part: DataPart) -> Listing:
        """From the cache if the files' sizes and times are those of when they were parsed."""
        path = self.cache / self.name / f"{self.state_of_sources(part)}.npz"
        try:
            return kept(path)
        except NO_ARRAYS:
            listing = checked(self.read(part), self.sources(part)[0])  # before it is kept
            return keep(path, listing)

    def state_of_sources(self, part: DataPart) -> str:
        """A hash of the annotation files' places, sizes and times and of the options that decide how they are read."""
        options = {name: value for name, value in values(self.options).items() if name not in APPLIED_LATER}
        files = []
        for source in self.sources(part):
            if not source.is_file():
                raise DataError(f"{source} is missing; --root must be the folder that holds {self.layout}.")
            files.append([str(source.resolve()), *stamps_of([source])[0]])
        state = [READING, self.name, self.version, part, options, files]
        return hashlib.sha256(canonical_json(state).encode()).hexdigest()[:16]
