"""MIRFLICKR-25000 in its official layout: mirflickr/imN.jpg, and a file of image numbers for each label."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal

import numpy as np

from bench.data.base import DATASETS
from bench.data.download import Archive
from bench.data.folder import PARTS, DataPart, FolderDataset, FolderOptions
from bench.data.listing import Listing
from bench.data.lists import read_lines
from bench.data.mirflickr25k_counts import POTENTIAL_COUNTS, RELEVANT_COUNTS
from bench.data.official import Official
from bench.errors import DataError
from bench.settings.config import setting
from bench.system.wording import shown

IMAGES = 25_000
TRAIN_REMAINDERS = frozenset({1, 2, 3})
"""Image N trains if N % 5 is one of these: of every five the first three, as the collection's authors describe it.

They ship no list, so the rule's source is their description, as far as it is known to us.
"""

COUNTS = {"potential": POTENTIAL_COUNTS, "relevant": RELEVANT_COUNTS}
ANNOTATIONS = ("annotations", "mirflickr25k_annotations_v080", "annotations_v080", ".")
"""Folders in which the annotation files are looked for: the archive itself holds none."""


@dataclass(frozen=True, kw_only=True)
class MirFlickrOptions(FolderOptions):
    """Which of the two annotations, and which names stand in prompts."""

    names: Literal["raw", "clean"] = setting(
        "clean",
        "names in prompts: clean, by what the label means: 'buildings'; raw, the files' own: 'structures'",
    )
    labels: Literal["potential", "relevant"] = setting(
        "potential",
        "potential: 24 labels, shown anywhere in the image; relevant: the 14 of the files NAME_r1, where it matters",
    )


@DATASETS.register("mirflickr25k")
class MirFlickr25k(FolderDataset):
    """MIRFLICKR-25000: photos from Flickr, 24 labels (or 14), 15,000 to 10,000 images; any subset of the images."""

    Options = MirFlickrOptions
    layout = "mirflickr/ with im1.jpg, im2.jpg, ... and annotations/ with animals.txt, baby.txt, ..."
    official: ClassVar[Mapping[DataPart, Official]] = {
        "train": Official(15_000, order="e5d10dbc1c66abd7f2c55a8101eac787dea975f7b42197de855461a84703f6d4"),
        "test": Official(10_000, order="e0f2c64ca7f50ecb2835f27a156671671d5641c73f45030a3865c44fc20821ec"),
    }
    archives = (  # the official page prints the images' MD5; that of the annotation is another project's pin
        Archive(
            "https://press.liacs.nl/mirflickr/mirflickr25k.v3b/mirflickr25k_annotations_v080.zip",
            "aa0138c79892b1b670184d142380948f",
            provides="annotations/animals.txt",
            into="annotations",
        ),
        Archive(
            "https://press.liacs.nl/mirflickr/mirflickr25k.v3b/mirflickr25k.zip",
            "a23d0a8564ee84cda5622a6c2f947785",
            provides="mirflickr/im25000.jpg",
        ),
    )
    clean_names: ClassVar[Mapping[str, str]] = {
        "female": "woman",
        "indoor": "room indoors",
        "male": "man",
        "night": "night scene",
        "plant_life": "plants",
        "structures": "buildings",
        "transport": "vehicles",
    }

    @property
    def published(self) -> Mapping[str, int]:
        return COUNTS[self.options.labels]

    def sources(self, part: DataPart) -> Sequence[Path]:
        places = [self.folder / name for name in ANNOTATIONS]
        first = f"{next(iter(self.published))}.txt"
        place = next((place for place in places if (place / first).is_file()), places[0])
        return tuple(place / f"{label}.txt" for label in self.published)

    def image_folder(self, part: DataPart) -> Path:
        return self.folder / "mirflickr"

    def state_of_sources(self, part: DataPart) -> str:
        """Also of which images are in the folder."""
        state = [super().state_of_sources(part), *map(str, sorted(self._present()))]
        return hashlib.sha256(" ".join(state).encode()).hexdigest()[:16]

    def read(self, part: DataPart) -> Listing:
        """Images that are in the folder or that a label names, by ascending number."""
        listed = [read_numbers(source) for source in self.sources(part)]
        numbers = sorted(n for n in self._present().union(*listed) if (n % 5 in TRAIN_REMAINDERS) == (part == "train"))
        labels = np.array([np.where(np.isin(numbers, list(one)), 1, -1) for one in listed], np.int8).T
        return Listing(tuple(f"im{n}.jpg" for n in numbers), labels, tuple(self.published))

    def _present(self) -> set[int]:
        try:
            names = [path.name for path in self.image_folder("train").iterdir()]
        except OSError:
            return set()
        matches = (re.fullmatch(r"im([1-9][0-9]{0,4})\.jpg", name) for name in names)
        return {number for match in matches if match and (number := int(match[1])) <= IMAGES}

    def prompt_name(self, raw: str) -> str:
        return super().prompt_name(raw.removesuffix("_r1"))

    def deviations(self, part: DataPart) -> list[str]:
        """Also, once, labels whose images in both parts are not as many as published."""
        return [*super().deviations(part), *(self._totals() if part == "train" else ())]

    def _totals(self) -> list[str]:
        """Of a subset: labels with more images than published."""
        labels = np.concatenate([self.listing(part).labels for part in PARTS])
        whole, present = len(labels) == IMAGES, (labels == 1).sum(axis=0).tolist()
        return [
            f"and test have {actual:,} images of '{name}' in place of the published {count:,}"
            for (name, count), actual in zip(self.published.items(), present, strict=True)
            if (actual != count if whole else actual > count)
        ]


def read_numbers(source: Path) -> set[int]:
    """The image numbers of an annotation file, one a line."""
    lines = read_lines(source)
    for row, line in enumerate(lines, start=1):
        if not re.fullmatch("[0-9]{1,5}", line) or not 1 <= int(line) <= IMAGES:
            raise DataError(
                f"{source}, line {row}: {shown(line)} is no image number from 1 to {IMAGES}; use the official file."
            )
    return set(map(int, lines))
