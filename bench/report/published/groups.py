"""Published lines by setting and camp, with our own cells beside those that they belong to.

    groups("voc2007", store.rows())            # for programs and the terminal
    published_groups(results)                  # for a report, from its own cells

A camp is a group of numbers made under like conditions; no ranking crosses its border. `tables` draws them, `data`
gives them as plain data.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from bench.records.rows import Row
from bench.report.published.numbers import PRINTED_AVERAGE, UNSTATED, Camp, Published, PublishedNumber
from bench.report.published.ours import Ours, ours
from bench.report.published.reading import published
from bench.report.results import Results

PublishedColumn = int | str | None

PAPER_SETTINGS = {
    "partial": "share of known labels",
    "single_positive": "one positive label an image",
    "fixed_per_class": "a fixed number of known labels a class",
    "native": "labels missing as they are",
    "full": "all labels known",
    "zero_shot": "no labels",
}
UNKNOWN = Camp(
    id="",
    title="Too little is known to compare",
    what="The source leaves out the backbone or more, so these lines compare neither with others nor with each other.",
    ranked=False,
)


@dataclass(frozen=True)
class PublishedLine:
    """A line of a published table: its numbers, and our cells beside it."""

    numbers: tuple[PublishedNumber, ...]
    ours: Ours | None
    also: tuple[str, ...] = ()
    """Further sources that print the same line."""

    @property
    def first(self) -> PublishedNumber:
        return self.numbers[0]

    def at(self, column: PublishedColumn) -> float | None:
        return next((number.mAP for number in self.numbers if number.percent == column), None)

    def difference(self, column: PublishedColumn) -> float | None:
        """Ours minus the paper's, in points."""
        theirs, ours = self.at(column), self.ours.at(column) if self.ours else None
        return None if theirs is None or ours is None else ours.mean - theirs


@dataclass(frozen=True)
class Group:
    """The lines of one camp in one setting of a dataset."""

    dataset: str
    setting: str
    camp: Camp
    lines: tuple[PublishedLine, ...]

    @property
    def columns(self) -> tuple[PublishedColumn, ...]:
        """The ratios that some line has, their average, and the numbers without a stated ratio."""
        have = {number.percent for line in self.lines for number in line.numbers}
        others = (column for column in (PRINTED_AVERAGE, UNSTATED, None) if column in have)
        return (*sorted(p for p in have if isinstance(p, int)), *others)


def groups(
    dataset: str, rows: Iterable[Row] = (), protocol: str | None = None, source: Published | None = None
) -> tuple[Group, ...]:
    """A dataset's published lines by setting and camp, with our cells beside them; UsageError if there are none.

    protocol: only settings that this protocol of ours belongs to, and only its cells.
    """
    known = source or published()
    cells = [row for row in rows if row.cell.dataset.name == dataset]
    by_group: dict[tuple[str, str], dict[tuple[Any, ...], list[PublishedNumber]]] = {}
    for number in known.of(dataset):
        if protocol is None or number.setting == setting_of(protocol):
            line = (number.method, number.backbone, number.image_size, number.source)
            by_group.setdefault((number.setting, number.camp or ""), {}).setdefault(line, []).append(number)
    order = [*known.camps, ""]
    return tuple(
        Group(dataset, setting, known.camps.get(camp, UNKNOWN), _lines(lines.values(), cells, protocol))
        for (setting, camp), lines in sorted(
            by_group.items(), key=lambda item: (list(PAPER_SETTINGS).index(item[0][0]), order.index(item[0][1]))
        )
    )


def setting_of(protocol: str) -> str:
    """The published setting that a protocol of ours belongs to."""
    own = {"role": "single_positive", "label_list": "single_positive", "single_positive": "single_positive"}
    return {**own, "full": "full", "fixed_per_class": "fixed_per_class"}.get(protocol, "partial")


def _lines(
    tables: Iterable[Sequence[PublishedNumber]], rows: Sequence[Row], protocol: str | None
) -> tuple[PublishedLine, ...]:
    """One line for what several sources print alike: a later paper's copy adds nothing but its name."""
    lines: list[tuple[list[PublishedNumber], list[str]]] = []
    for numbers in sorted(tables, key=len, reverse=True):
        values = {(number.percent, number.mAP) for number in numbers}
        for kept, also in lines:
            same = (kept[0].method, kept[0].backbone) == (numbers[0].method, numbers[0].backbone)
            if same and values <= {(number.percent, number.mAP) for number in kept}:
                also.append(numbers[0].source)
                break
        else:
            lines.append((list(numbers), []))
    return tuple(PublishedLine(tuple(kept), ours(kept, rows, protocol), tuple(also)) for kept, also in lines)


def published_groups(results: Results) -> tuple[Group, ...]:
    """For a report: the published lines of its dataset that its cells can stand beside; () where there are none."""
    dataset = results.selection.dataset
    if dataset not in published().datasets:
        return ()
    papers = groups(dataset, results.rows.values())
    return tuple(group for group in papers if any(line.ours for line in group.lines))
