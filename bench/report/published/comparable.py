"""Our cells beside a published number: which of them are comparable, and how they differ from the paper."""

from collections.abc import Iterator

from bench.records.rows import Row
from bench.report.published.numbers import PublishedNumber
from bench.report.results import role
from bench.report.source import installed_dataset, installed_method

PAPER_BACKBONES = {"CLIP RN101": "RN101", "CLIP RN50": "RN50", "ResNet-101": "resnet101", "ResNet-50": "resnet50"}
"""Backbones of papers by what they are called here."""

PRETRAINED = {"openai", "imagenet"}

DEFINITIONS = {
    "mAP": "scikit-learn's AP",
    "mAP_asl": "the AP of ASL's code",
    "mAP_voc": "the VOC envelope",
}

SELECTIONS = {
    "best_on_test": "the best epoch on the test images",
    "best_on_clean_validation": "the best epoch on held-out images with all their labels",
    "best_on_observed_validation": "the best epoch on held-out images with their observed labels",
}


def comparable(number: PublishedNumber, row: Row) -> bool:
    """Whether the cell answers the same question: the same method, images of the same dataset, labels hidden alike.

    A cell of a variance study does not: of its streams of randomness only one follows its seed.
    """
    cell = row.cell
    if cell.streams or cell.dataset.name != number.dataset or not cell.test or "mAP" not in row.metrics:
        return False
    if not _same_method(number, cell.method.name):
        return False
    if number.option and str(cell.method.options.get(number.option[0])) != number.option[1]:
        return False
    learned_from = role(row, cell.protocol.name)
    match number.setting:
        case "partial":
            return cell.percent is not None
        case "single_positive":
            return cell.protocol.name in ("single_positive", "role", "label_list")
        case "full":
            return cell.protocol.name == "full" and learned_from == "observed"
        case "zero_shot":
            return learned_from in ("untrained", "unlabelled")
        case other:
            return cell.protocol.name == other


def _same_method(number: PublishedNumber, name: str) -> bool:
    """Also whether it is the paper's method made to see all labels, where the paper's number had all labels."""
    if name == number.bench_method:
        return True
    if number.setting != "full" or number.bench_method is None:
        return False
    ours, papers = installed_method(name), installed_method(number.bench_method)
    return ours is not None and papers is not None and ours.labels == "full" and issubclass(ours, papers)


def mismatches(number: PublishedNumber, row: Row) -> Iterator[str]:
    """How the cell differs, or may differ, from the paper."""
    cell = row.cell
    yield from _backbone(number, row)
    yield from _labels(number, row)
    yield from _images(number, row)
    if number.selection is None:
        yield "which epoch counts is not stated there; the last one here"
    elif number.selection in SELECTIONS and row.epochs > 0:
        yield f"{SELECTIONS[number.selection]} there, the last epoch here"
    if number.metric is None:
        yield f"the definition of mAP is not stated there; {DEFINITIONS['mAP']} here"
    if cell.holdout:
        yield f"{cell.holdout} % of the training images are held out here"
    if "reconstruction" in row.flags:
        yield "the method is a reconstruction here, not the authors' code"


def _backbone(number: PublishedNumber, row: Row) -> Iterator[str]:
    backbone = row.cell.backbone
    size, weights = backbone.options.get("image_size"), backbone.options.get("weights", "openai")
    if number.backbone is None:
        yield f"the backbone is not stated there; {backbone.name} here"
    elif PAPER_BACKBONES.get(number.backbone) != backbone.name:
        yield f"backbone {number.backbone} there, {backbone.name} here"
    if weights not in PRETRAINED:
        yield "random weights here: the number says nothing" if weights == "random" else f"weights {weights} here"
    if number.image_size is not None and size != number.image_size:
        yield f"images of {number.image_size} pixels there, of {size or 'another size'} here"
    train = row.cell.feed.options.get("train", "none")
    trained = {"none": "frozen", "last": "last stage trained", "all": "trained"}[str(train)]
    if number.encoder is not None and number.encoder != trained:
        yield f"image encoder {number.encoder} there, {trained} here"


def _labels(number: PublishedNumber, row: Row) -> Iterator[str]:
    name = row.cell.protocol.name
    if number.setting in ("full", "zero_shot"):
        return
    if number.protocol is None:
        yield f"how labels were hidden is not stated there; protocol {name} here"
    elif number.protocol != name:
        yield f"protocol {number.protocol} there, {name} here"
    elif name in ("hcp", "role") and row.cell.seed != 0:
        yield f"{name}'s mask of seed 0 there, also masks of other seeds here"
    elif name in ("dualcoop", "random_per_sample", "fixed_per_class"):
        yield "the mask there was drawn without a seed, so it cannot be drawn again"


def _images(number: PublishedNumber, row: Row) -> Iterator[str]:
    dataset = installed_dataset(number.dataset)
    here = row.cell.dataset.options.get(dataset.lists_option) if dataset else None
    if number.images is not None and here is not None and here != number.images:
        yield f"image lists {number.images!r} there, {here!r} here"
    elif here is not None and number.images is None:
        yield "which of the dataset's image lists is not stated there"
    if row.data.get("official_lists") is False:
        yield "not the official image lists here, so the test images differ"
