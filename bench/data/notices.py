"""Notices about a dataset that can be used: each a sentence without its full stop."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from bench.data.copies import repeated, shared
from bench.data.decode import jpeg_fault_is_known
from bench.data.examined import REMARKS, Examined
from bench.data.paths import collisions
from bench.system.chunks import class_totals
from bench.system.wording import counted, some


def unmeasured(classes: Sequence[str], judged: np.ndarray, complete: bool = True) -> Iterator[str]:
    """Classes that the test labels (N, C) cannot judge: without a positive, or where labels are unknown a negative."""
    positives, negatives = class_totals(judged, 1) > 0, class_totals(judged, -1) > 0
    kinds = [("positive", ~positives)] if complete else [("known positive", ~positives)]
    if not complete:
        kinds.append(("known negative", positives & ~negatives))
    for kind, missing in kinds:
        without = [name for name, one in zip(classes, missing, strict=True) if one]
        if without:
            yield (
                f"{len(without):,} of {counted(len(classes), 'class', 'classes')} "
                f"{'has' if len(without) == 1 else 'have'} no {kind} test image and no part in mAP: {some(without)}"
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
