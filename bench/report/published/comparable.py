"""Our cells beside a published number: which of them are comparable, and how they differ from the paper."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from bench.records.component import canonical_json
from bench.records.rows import Row
from bench.report.published.numbers import PRINTED_AVERAGE, PublishedNumber
from bench.report.results import role
from bench.report.source import installed_dataset, installed_method
from bench.report.tables.spread import Spread, spread

RATIOS = tuple(range(10, 100, 10))
"""The papers' shares of known labels, in percent; their average is over these nine."""

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


@dataclass(frozen=True)
class Ours:
    """Our cells of one setting, by percent (None where there is no ratio), in one definition of mAP.

    mismatches: how they differ from the paper, a sentence each. others: how many more settings of the same method
    the store holds.
    """

    cells: Mapping[int | None, tuple[Row, ...]]
    metric: str
    mismatches: tuple[str, ...]
    others: int = 0

    def at(self, percent: int | str | None) -> Spread | None:
        """Mean and standard deviation over seeds; of "average" over all nine ratios, None if one is missing."""
        if percent == PRINTED_AVERAGE:
            return self._average()
        rows = self.cells.get(percent) if not isinstance(percent, str) else None
        return spread([float(row.metrics[self.metric]) for row in rows]) if rows else None

    def _average(self) -> Spread | None:
        """The mean of the ratios' means, and how far the seeds that have all ratios lie apart."""
        if not all(self.cells.get(percent) for percent in RATIOS):
            return None
        seeds: dict[int, list[float]] = {}
        for percent in RATIOS:
            for row in self.cells[percent]:
                seeds.setdefault(row.cell.seed, []).append(float(row.metrics[self.metric]))
        whole = [sum(values) / len(values) for values in seeds.values() if len(values) == len(RATIOS)]
        levels = [self.at(percent) for percent in RATIOS]
        return Spread(sum(level.mean for level in levels if level) / len(RATIOS), spread(whole).sd, len(whole))

    @property
    def seeds(self) -> int:
        return len({row.cell.seed for rows in self.cells.values() for row in rows})

    @property
    def keys(self) -> tuple[str, ...]:
        return tuple(row.key for rows in self.cells.values() for row in rows)


def ours(line: Sequence[PublishedNumber], rows: Iterable[Row], protocol: str | None = None) -> Ours | None:
    """Our cells for one line of a published table: those of the setting most like the paper's, or None.

    protocol: only cells of this protocol of ours.
    """
    first = line[0]
    groups: dict[str, dict[int | None, list[Row]]] = {}
    for row in rows:
        if comparable(first, row) and (protocol is None or row.cell.protocol.name == protocol):
            groups.setdefault(_setting(row), {}).setdefault(row.cell.percent, []).append(row)
    usable = [group for group in groups.values() if any(_answers(number, group) for number in line)]
    candidates = [(_mismatches(first, group), group) for group in usable]
    if not candidates:
        return None
    reasons, best = min(candidates, key=lambda pair: (len(pair[0]), -_finished(pair[1])))
    cells = {percent: tuple(sorted(best[percent], key=lambda row: row.cell.seed)) for percent in best}
    return Ours(cells, first.metric or "mAP", tuple(reasons), len(candidates) - 1)


def _answers(number: PublishedNumber, group: Mapping[int | None, Sequence[Row]]) -> bool:
    """Whether the cells give a number to set beside this one."""
    if number.percent == PRINTED_AVERAGE:
        return all(percent in group for percent in RATIOS)
    return number.percent in group


def comparable(number: PublishedNumber, row: Row) -> bool:
    """Whether the cell answers the same question: the same method, images of the same dataset, labels hidden alike."""
    cell = row.cell
    if cell.dataset.name != number.dataset or not cell.test or "mAP" not in row.metrics:
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


def _setting(row: Row) -> str:
    """All that a cell is but its percent, seed and streams."""
    data = row.cell.to_json()
    # Masks read from files have a fingerprint for each ratio.
    axes = {name: data[name] for name in ("method", "dataset", "backbone", "feed", "holdout")}
    return canonical_json({**axes, "protocol": [row.cell.protocol.name, dict(row.cell.protocol.options)]})


def _finished(group: Mapping[int | None, Sequence[Row]]) -> int:
    """Newer settings first: the newest cell's time as a number that grows."""
    newest = max(row.finished for rows in group.values() for row in rows)
    return int("".join(character for character in newest if character.isdigit())[:14] or 0)


def _mismatches(number: PublishedNumber, group: Mapping[int | None, Sequence[Row]]) -> list[str]:
    rows = [row for seeds in group.values() for row in seeds]
    return list(dict.fromkeys(reason for row in rows for reason in mismatches(number, row)))


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
