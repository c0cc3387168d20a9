"""Images of a dataset that look alike: the pairs, sentences about them, and a table of all."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from typing import Literal

from bench.data.folder import PARTS, DataPart, FolderDataset
from bench.data.image_facts import BITS
from bench.data.near_duplicates import MOST_BITS, near_duplicates
from bench.system.files import write_text
from bench.system.progress import NamedProgress
from bench.system.spreadsheet import csv_text
from bench.system.wording import counted, some

MEASURE = f"at most {MOST_BITS} of {BITS} bits of a perceptual hash differ"


@dataclass(frozen=True)
class AlikePair:
    """Two images and their parts, the training image first. bits: in which their hashes differ.

    labels_that_differ: classes that are known to be present in one of them and absent in the other.
    """

    bits: int
    part: DataPart
    image: str
    other_part: DataPart
    other_image: str
    same_bytes: bool
    labels_that_differ: tuple[str, ...]

    @property
    def across(self) -> bool:
        """Whether one is trained on and the other tested on."""
        return self.part != self.other_part


def alike_pairs(dataset: FolderDataset, progress: NamedProgress) -> list[AlikePair]:
    """Pairs of a training and a test image first, each kind from the nearest on; the images have been decoded."""
    places: list[tuple[DataPart, str, int]] = []
    for part in PARTS:
        places += [(part, name, row) for row, name in enumerate(dataset.known(part))]
    examined = [dataset.known(part)[name] for part, name, _ in places]
    hashes = [None if one.facts is None else one.facts.hashes for one in examined]
    pairs = []
    for one, other, bits in near_duplicates(hashes, lambda done, total: progress("comparing images", done, total)):
        (part, name, row), (other_part, other_name, other_row) = places[one], places[other]
        first, second = dataset.listing(part).labels[row], dataset.listing(other_part).labels[other_row]
        differ = [label for label, a, b in zip(dataset.class_names, first, second, strict=True) if a * b == -1]
        same = examined[one].digest == examined[other].digest
        pairs.append(AlikePair(bits, part, name, other_part, other_name, same, tuple(differ)))
    return sorted(pairs, key=lambda pair: (not pair.across, pair.bits))


def alike_sentences(pairs: Sequence[AlikePair]) -> Iterator[tuple[Literal["ok", "note", "warning"], str, str]]:
    """(level, title, sentence) on images that are trained on and tested on, and on pairs within a part."""
    across = [pair for pair in pairs if pair.across]
    if across:
        images = counted(len({pair.other_image for pair in across}), "image looks", "images look")
        yield "warning", "test images", f"{images} like a training image ({MEASURE}): {_named(across, 'like')}."
    else:
        yield "ok", "test images", f"none looks like a training image ({MEASURE})."
    for part in PARTS:
        within = [pair for pair in pairs if pair.part == pair.other_part == part]
        if within:
            count = counted(len(within), "pair of images looks", "pairs of images look")
            yield "note", f"{part} images", f"{count} alike: {_named(within, 'and')}."


def _named(pairs: Sequence[AlikePair], joined: str) -> str:
    names = some([f"{pair.other_image} {joined} {pair.image}" for pair in pairs])
    wrong = sum(bool(pair.labels_that_differ) for pair in pairs)
    return f"{names}; labels differ in {wrong:,} of {counted(len(pairs), 'pair')}"


def write_pairs(path: Path, pairs: Iterable[AlikePair]) -> None:
    """A CSV file with a line for each pair, in the given order."""
    rows = ((*rest, "; ".join(classes)) for *rest, classes in map(astuple, pairs))
    write_text(path, csv_text([[one.name for one in fields(AlikePair)], *rows]))
