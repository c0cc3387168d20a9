"""Notices about a dataset that can be used: each a sentence without its full stop."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from bench.data.copies import repeated, shared
from bench.data.decode import jpeg_fault_is_known
from bench.data.examined import REMARKS, Examined
from bench.data.paths import collisions
from bench.system.wording import counted, some


def unmeasured(classes: Sequence[str], judged: np.ndarray) -> Iterator[str]:
    """Classes without a positive in the test labels (N, C), of which no metric can tell."""
    positives = (judged == 1).sum(axis=0)
    without = [name for name, count in zip(classes, positives, strict=True) if not count]
    if without:
        yield (
            f"{len(without):,} of {counted(len(positives), 'class', 'classes')} "
            f"{'has' if len(without) == 1 else 'have'} no positive test image and no part in mAP: {some(without)}"
        )


def copied(train: Mapping[str, Examined], test: Mapping[str, Examined]) -> Iterator[str]:
    """Test images that were trained on under another name."""
    pairs = [f"{other} of {one}" for one, other in shared(train, test)]
    if pairs:
        count = counted(len(pairs), "test image is a copy", "test images are copies")
        yield f"{count} of training images, to the byte: {some(pairs)}; leave out one of each"


def unusual(images: Mapping[str, Examined]) -> Iterator[str]:
    """Of one part: images that stand in it twice, names that are one elsewhere, and oddities of files."""
    pairs = [f"{other} of {one}" for one, other in repeated(images)]
    if pairs:
        count = counted(len(pairs), "image is a copy of another", "images are copies of others")
        yield f"{count}, to the byte: {some(pairs)}"
    same = [f"{one} and {other}" for one, other in collisions(images)]
    if same:
        count = counted(len(same), "pair of names differs", "pairs of names differ")
        yield f"{count} by upper case or Unicode form alone, one file on some systems: {some(same)}"
    counts = Counter(remark for one in images.values() for remark in one.remarks)
    for remark in (remark for remark in REMARKS if counts[remark]):
        names = [name for name, one in images.items() if remark in one.remarks]
        verb = "image has" if len(names) == 1 else "images have"
        yield f"{len(names):,} {verb} {REMARKS[remark]}: {some(names)}"
    if not jpeg_fault_is_known() and _jpegs(list(images)):
        yield "faults inside JPEG data were not looked for; `pip install simplejpeg`, then prepare again"


def _jpegs(names: Sequence[str]) -> bool:
    return any(name.lower().endswith((".jpg", ".jpeg")) for name in names)
