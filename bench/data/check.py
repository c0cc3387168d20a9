"""Checks of a copy of a dataset: whether it is the papers' own, and whether all of it can be read."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

import numpy as np

from bench.data.alike import AlikePair, alike_pairs, alike_sentences
from bench.data.base import refuse_unmeasurable
from bench.data.class_counts import ClassCounts, class_counts
from bench.data.folder import PARTS, DataPart, FolderDataset
from bench.data.image_notes import EncoderInput, image_notes
from bench.data.notices import copied, unmeasured, unusual
from bench.data.official import list_digest
from bench.data.unknown import is_complete
from bench.errors import DataError
from bench.settings.conversion import values
from bench.system.chunks import class_totals, row_totals
from bench.system.progress import NamedProgress
from bench.system.wording import counted, some

SHOWN = 5
"""How many damaged images get a sentence of their own; the JSON holds all."""


@dataclass(frozen=True)
class Finding:
    """One sentence about the copy. error: it must be mended before results mean anything; note: nothing needs to be."""

    level: Literal["ok", "note", "warning", "error"]
    title: str
    detail: str


@dataclass(frozen=True)
class Examination:
    """All that was found. parts: per part its counts, and every unreadable image with what is wrong with it.

    class_table: what is known of each class, where people made the labels themselves or some are unknown.
    alike: pairs of images that look alike, where they were looked for.
    """

    dataset: str
    folder: str
    options: dict[str, Any]
    classes: tuple[str, ...] = ()
    parts: dict[str, dict[str, Any]] = field(default_factory=dict)
    class_table: list[ClassCounts] = field(default_factory=list)
    alike: list[AlikePair] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    @property
    def fine(self) -> bool:
        return not any(finding.level == "error" for finding in self.findings)

    def to_json(self) -> dict[str, Any]:
        return {"fine": self.fine, **asdict(self)}


def examine(
    dataset: FolderDataset,
    images: bool,
    progress: NamedProgress,
    encoder: EncoderInput | None = None,
    compare: bool = False,
) -> Examination:
    """Lists, classes and labels against the official ones, and with `images` every image file decoded.

    encoder: the backbone for whose input the images may be small or long. compare: look for images that look alike.
    """
    parts: dict[str, dict[str, Any]] = {}
    findings: list[Finding] = []
    for part in PARTS:
        errors = {finding.detail for finding in findings if finding.level == "error"}  # of the file of both parts
        findings += [finding for finding in _lists(dataset, part, parts) if finding.detail not in errors]
    classes: tuple[str, ...] = ()
    counts: list[ClassCounts] = []
    if len(parts) == len(PARTS):
        try:
            classes = dataset.class_names
            findings.append(_classes(dataset, classes))
            dataset.check_parts()
            train = dataset.listing("train")
            test = dataset.listing("test")
            counted_images = dataset.counts(test.labels)
            judged = test.judged if counted_images.all() else test.judged[counted_images]
            complete = is_complete(test.labels)
            if dataset.users_own or not complete or dataset.has_unknown:
                counts = class_counts(classes, train.labels, test.labels)
            refuse_unmeasurable(dataset.name, judged, complete)
            findings += [Finding("warning", "classes", f"{text}.") for text in unmeasured(classes, judged, complete)]
        except DataError as error:
            findings.append(Finding("error", "parts", str(error)))
    if images:
        for part in PARTS:
            if part in parts:
                findings += _images(dataset, part, parts[part], progress, encoder)
        if len(parts) == len(PARTS):
            findings += _use(dataset)
    pairs: list[AlikePair] = []
    if images and compare and classes:
        pairs = alike_pairs(dataset, progress)
        findings += [Finding(*one) for one in alike_sentences(pairs)]
    elif images:
        findings.append(Finding("note", "images that look alike", "not looked for; --near-duplicates FILE.csv does."))
    folder, options = str(dataset.folder), values(dataset.options)
    return Examination(dataset.name, folder, options, classes, parts, counts, pairs, findings)


def _lists(dataset: FolderDataset, part: DataPart, parts: dict[str, dict[str, Any]]) -> Iterator[Finding]:
    try:
        labels, deviations = dataset.listing(part).labels, dataset.deviations(part)
    except DataError as error:
        yield Finding("error", part, str(error))
        return
    positives = row_totals(labels, 1)
    annotated, total = int(np.count_nonzero(positives)), int(positives.sum())
    parts[part] = {
        "images": len(labels),
        "annotated": annotated,
        "labels": total,
        "used": int(dataset.counts(labels).sum()),
        "official": None if dataset.pinned(part) is None else not deviations,
    }
    without = counted(len(labels) - annotated, "image")
    if is_complete(labels):
        kinds = f"{counted(total, 'label')}, {without} without a label"
    else:
        negatives = int(class_totals(labels, -1).sum())
        unknown = labels.size - total - negatives
        share = unknown / labels.size
        kinds = f"{total:,} known positives, {negatives:,} known negatives, {unknown:,} unknown ({share:.1%})"
    yield Finding("ok", part, f"{counted(len(labels), 'image')}, {kinds}")
    for deviation in deviations:
        other_length = deviation.startswith("is not the official list")
        detail = f"{part} {deviation}" + ("." if other_length else "; restore the official files.")
        yield Finding("warning" if other_length else "error", part, detail)


def _use(dataset: FolderDataset) -> Iterator[Finding]:
    """Images that are trained on and tested on."""
    try:
        dataset.check_files()
    except DataError as error:
        yield Finding("error", "parts", str(error))
    for text in copied(dataset.known("train"), dataset.known("test")):
        yield Finding("warning", "test images", f"{text}.")


def _classes(dataset: FolderDataset, names: tuple[str, ...]) -> Finding:
    used = f"{counted(len(names), 'class', 'classes')}, {dataset.options.names} names: {some(names)}"
    official = dataset.official_classes
    if official is not None and list_digest(dataset.listing("train").classes) != official:
        return Finding("error", "classes", f"{used}; not the official classes in their order; restore the files.")
    return Finding("ok", "classes", used)


def _images(
    dataset: FolderDataset, part: DataPart, about: dict[str, Any], progress: NamedProgress, encoder: EncoderInput | None
) -> Iterator[Finding]:
    problems = dataset.unreadable_images(part, lambda done, total: progress(f"reading {part} images", done, total))
    about["unreadable"] = problems
    for text in unusual(dataset.known(part)):
        yield Finding("warning", f"{part} images", f"{text}.")
    for text in image_notes(dataset.known(part), encoder):
        yield Finding("note", f"{part} images", f"{text}.")
    if not problems:
        yield Finding("ok", f"{part} images", f"all {about['images']:,} can be read")
        return
    skipped = dataset.options.unreadable == "skip"
    for problem in list(problems.values())[:SHOWN]:
        yield Finding("warning" if skipped else "error", f"{part} images", problem)
    more = f" (the first {SHOWN} are named above; --json names all)" if len(problems) > SHOWN else ""
    advice = (
        "runs leave them out" if skipped else f"mend them, or leave them out with --data {dataset.name}.unreadable=skip"
    )
    yield Finding(
        "warning" if skipped else "error",
        f"{part} images",
        f"{len(problems):,} of {about['images']:,} images are damaged or missing{more}; {advice}.",
    )
