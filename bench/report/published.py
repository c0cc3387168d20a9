"""Published tables in the papers' layout, one a camp, with our own numbers beside them where there are any.

    for group in published_groups(results): table(group)     # for a report, from its own cells
    groups("voc2007", store.rows())                          # for programs

A camp is a group of numbers made under like conditions. No ranking crosses its border, and our numbers take no part in
one: they stand below the line that they belong to, with a footnote for everything in which they are not like the paper.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bench.published import AVERAGE, DATASETS, UNSTATED, Camp, Number, Published, published
from bench.report.beside import DEFINITIONS, RATIOS, Ours, ours
from bench.report.results import Results
from bench.report.table import Footnotes, Style, Table, Value, ranked
from bench.report.tables import number as with_spread
from bench.rows import Row

Column = int | str | None

SETTINGS = {
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
READINGS = {
    "log": "read in a training log",
    "third party": "read on a third party's page, not in the paper",
}
PRINTED_APART = 0.06
"""Points by which a printed average may differ from the mean of its nine printed numbers by rounding alone."""

ALIKE = "like the paper in all that is known of it"


@dataclass(frozen=True)
class Line:
    """A line of a published table: its numbers, and our cells beside it."""

    numbers: tuple[Number, ...]
    ours: Ours | None
    also: tuple[str, ...] = ()
    """Further sources that print the same line."""

    @property
    def first(self) -> Number:
        return self.numbers[0]

    def at(self, column: Column) -> float | None:
        return next((number.mAP for number in self.numbers if number.percent == column), None)

    def difference(self, column: Column) -> float | None:
        """Ours minus the paper's, in points."""
        theirs, mine = self.at(column), self.ours.at(column) if self.ours else None
        return None if theirs is None or mine is None else mine.mean - theirs


@dataclass(frozen=True)
class Group:
    """The lines of one camp in one setting of a dataset."""

    dataset: str
    setting: str
    camp: Camp
    lines: tuple[Line, ...]

    @property
    def columns(self) -> tuple[Column, ...]:
        """The ratios that some line has, their average, and the numbers whose ratio nobody states."""
        have = {number.percent for line in self.lines for number in line.numbers}
        others = (column for column in (AVERAGE, UNSTATED, None) if column in have)
        return (*sorted(p for p in have if isinstance(p, int)), *others)


def groups(
    dataset: str, rows: Iterable[Row] = (), protocol: str | None = None, source: Published | None = None
) -> tuple[Group, ...]:
    """A dataset's published lines by setting and camp, with our cells beside them; UsageError if there are none.

    protocol: only settings that this protocol of ours belongs to, and only its cells.
    """
    known = source or published()
    cells = [row for row in rows if row.cell.dataset.name == dataset]
    by_group: dict[tuple[str, str], dict[tuple[Any, ...], list[Number]]] = {}
    for number in known.of(dataset):
        if protocol is None or number.setting == setting_of(protocol):
            line = (number.method, number.backbone, number.image_size, number.source)
            by_group.setdefault((number.setting, number.camp or ""), {}).setdefault(line, []).append(number)
    order = [*known.camps, ""]
    return tuple(
        Group(dataset, setting, known.camps.get(camp, UNKNOWN), _lines(lines.values(), cells, protocol))
        for (setting, camp), lines in sorted(
            by_group.items(), key=lambda item: (list(SETTINGS).index(item[0][0]), order.index(item[0][1]))
        )
    )


def setting_of(protocol: str) -> str:
    """The published setting that a protocol of ours belongs to."""
    own = {"role": "single_positive", "label_list": "single_positive", "single_positive": "single_positive"}
    return {**own, "full": "full", "fixed_per_class": "fixed_per_class"}.get(protocol, "partial")


def _lines(found: Iterable[Sequence[Number]], rows: Sequence[Row], protocol: str | None) -> tuple[Line, ...]:
    """One line for what several sources print alike: a later paper's copy adds nothing but its name."""
    lines: list[tuple[list[Number], list[str]]] = []
    for numbers in sorted(found, key=len, reverse=True):
        values = {(number.percent, number.mAP) for number in numbers}
        for kept, also in lines:
            same = (kept[0].method, kept[0].backbone) == (numbers[0].method, numbers[0].backbone)
            if same and values <= {(number.percent, number.mAP) for number in kept}:
                also.append(numbers[0].source)
                break
        else:
            lines.append((list(numbers), []))
    return tuple(Line(tuple(kept), ours(kept, rows, protocol), tuple(also)) for kept, also in lines)


def published_groups(results: Results) -> tuple[Group, ...]:
    """For a report: the published lines of its dataset that its cells can stand beside; () where there are none."""
    dataset = results.selection.dataset
    if dataset not in DATASETS:
        return ()
    found = groups(dataset, results.rows.values())
    return tuple(group for group in found if any(line.ours for line in group.lines))


def published_tables(results: Results) -> tuple[Table, ...]:
    """The same as tables."""
    return tuple(map(table, published_groups(results)))


def table(group: Group, source: Published | None = None) -> Table:
    """As the papers print it: ratio x method, or for settings without ratios a line a method with its backbone."""
    notes = Footnotes()
    whole = group.columns == (None,)
    rows = (
        _whole_rows(group, notes, source or published()) if whole else _ratio_rows(group, notes, source or published())
    )
    columns = (
        ("method", "backbone", "pixels", "mAP", "ours", "difference")
        if whole
        else ("method", *(f"{c} %" if isinstance(c, int) else c or "" for c in group.columns))
    )
    if whole and not any(line.ours for line in group.lines):
        columns, rows = columns[:4], [row[:4] for row in rows]
    return Table(
        title=f"Published on {group.dataset}, {SETTINGS[group.setting]}: {group.camp.title}",
        columns=columns,
        rows=tuple(tuple(row) for row in rows),
        caption=_caption(group),
        footnotes=tuple(notes.texts),
    )


def _caption(group: Group) -> str:
    said = [group.camp.what, "mAP in percent as printed."]
    if not group.camp.ranked or group.setting == "full":
        said.append("Lines are not ranked.")
    if any(line.ours for line in group.lines):
        said.append("Ours: mean ± standard deviation over seeds, last epoch; the difference is ours minus the paper's.")
    return " ".join(said)


def _ratio_rows(group: Group, notes: Footnotes, source: Published) -> list[list[Value]]:
    styles = {column: _styles(group, column, source) for column in group.columns}
    rows = []
    for place, line in enumerate(group.lines):
        name = Value(line.first.method, marks=notes.marks(_remarks(line, source)))
        rows.append([name, *(_printed(line.at(c), styles[c][place]) for c in group.columns)])
        if line.ours is not None:
            rows.append([_own_name(line.ours, notes, group), *(_own(line.ours, c) for c in group.columns)])
            rows.append([Value("    difference"), *(_apart(line, c) for c in group.columns)])
    return rows


def _whole_rows(group: Group, notes: Footnotes, source: Published) -> list[list[Value]]:
    rows = []
    for line, style in zip(group.lines, _styles(group, None, source), strict=True):
        first = line.first
        own, gap = Value("-", "missing"), Value("-", "missing")
        if line.ours is not None:
            own, gap = _own(line.ours, _only(line.ours)), _apart(line, None)
            own = Value(own.text, own.style, notes.marks(_against(line.ours, group)), own.keys)
        size = str(first.image_size or "not stated")
        name = Value(first.method, marks=notes.marks(_remarks(line, source)))
        rows.append(
            [name, Value(first.backbone or "not stated"), Value(size), _printed(line.at(None), style), own, gap]
        )
    return rows


def _styles(group: Group, column: Column, source: Published) -> list[Style]:
    """Best and second among the lines that a paper or its code's authors print; no ceiling wins anything."""
    if not group.camp.ranked or group.setting == "full" or column == UNSTATED:
        return ["" for _ in group.lines]
    firm = [source.sources[line.first.source].reading not in READINGS for line in group.lines]
    styles = ranked([line.at(column) if sure else None for line, sure in zip(group.lines, firm, strict=True)])
    return [style if sure else "aside" for style, sure in zip(styles, firm, strict=True)]


def _printed(value: float | None, style: Style) -> Value:
    return Value("-", "missing") if value is None else Value(_digits(value), style)


def _digits(value: float) -> str:
    """One decimal, or two where the paper prints two.

    >>> _digits(81.9), _digits(76.42), _digits(90.0)
    ('81.9', '76.42', '90.0')
    """
    return f"{value:.1f}" if abs(value - round(value, 1)) < 1e-9 else f"{value:.2f}"


def _only(mine: Ours) -> Column:
    """The percent of our cells in a setting without ratios: None, unless the sweep gave them one."""
    return next(iter(mine.cells))


def _own_name(mine: Ours, notes: Footnotes, group: Group) -> Value:
    seeds = f"{mine.seeds} seeds" if mine.seeds > 1 else "1 seed"
    return Value(f"    ours, {seeds}", marks=notes.marks(_against(mine, group)))


def _own(mine: Ours, column: Column) -> Value:
    level = mine.at(column)
    return Value("-", "missing") if level is None else Value(with_spread(level), "aside", keys=mine.keys)


def _apart(line: Line, column: Column) -> Value:
    gap = line.difference(column)
    return Value("-", "missing") if gap is None else Value(f"{gap:+.1f}".replace("-", "−"))


def _against(mine: Ours, group: Group) -> list[str]:
    found = [*mine.mismatches] or [ALIKE]
    if mine.metric != "mAP":
        found.append(f"ours taken with {DEFINITIONS[mine.metric]}, as there")
    if mine.others:
        plural = "s" if mine.others > 1 else ""
        found.append(f"the store has {mine.others} more setting{plural} of this method, less like the paper")
    return [f"ours: {text}" for text in found]


def _remarks(line: Line, source: Published) -> list[str]:
    """Where the line was read, what is odd about it."""
    first, origin = line.first, source.sources[line.first.source]
    also = [source.sources[name].paper for name in dict.fromkeys(line.also)]
    where = origin.citation + (f" (also in {', '.join(also)})" if also else "")
    found = [where + (f"; {READINGS[origin.reading]}" if origin.reading in READINGS else "")]
    found += [first.note] if first.note else []
    values = [line.at(percent) for percent in RATIOS]
    printed = line.at(AVERAGE)
    if printed is not None and None not in values:
        mean = sum(value for value in values if value is not None) / len(values)
        if abs(mean - printed) > PRINTED_APART:
            found.append(f"printed average {printed:.1f}; the mean of its nine numbers is {mean:.2f}")
    return found


def to_json(found: Sequence[Group]) -> list[dict[str, Any]]:
    """All numbers with their facts, ours, and the mismatches between them."""
    return [
        {
            "dataset": group.dataset,
            "setting": group.setting,
            "camp": group.camp.model_dump(),
            "lines": [_line_json(line) for line in group.lines],
        }
        for group in found
    ]


FACTS = (
    "method", "bench_method", "backbone", "image_size", "encoder", "protocol", "images", "metric", "selection", "facts",
    "venue", "year", "source", "note",
)  # fmt: skip


def _line_json(line: Line) -> dict[str, Any]:
    facts = {name: getattr(line.first, name) for name in FACTS}
    numbers = {_name(number.percent): number.mAP for number in line.numbers}
    return {**facts, "also_in": list(line.also), "mAP": numbers, "ours": _ours_json(line)}


def _ours_json(line: Line) -> Mapping[str, Any] | None:
    if line.ours is None:
        return None
    columns = [number.percent for number in line.numbers]
    levels = {_name(column): line.ours.at(column) for column in columns}
    gaps = {_name(column): line.difference(column) for column in columns}
    return {
        "metric": line.ours.metric,
        "mAP": {name: level.mean for name, level in levels.items() if level},
        "seeds": line.ours.seeds,
        "difference": {name: gap for name, gap in gaps.items() if gap is not None},
        "mismatches": list(line.ours.mismatches),
        "cells": list(line.ours.keys),
    }


def _name(column: Column) -> str:
    return "mAP" if column is None else str(column)


def records(found: Sequence[Group]) -> list[dict[str, Any]]:
    """A record for each printed number, with ours and the mismatches where there is one beside it, for a CSV file."""
    return [
        {
            "dataset": group.dataset,
            "setting": group.setting,
            "camp": group.camp.id,
            **{name: getattr(number, name) for name in FACTS},
            "percent": _name(number.percent),
            "mAP": number.mAP,
            **_ours_record(line, number.percent),
        }
        for group in found
        for line in group.lines
        for number in line.numbers
    ]


def _ours_record(line: Line, column: Column) -> dict[str, Any]:
    level = line.ours.at(column) if line.ours else None
    return {
        "ours": level.mean if level else None,
        "ours_sd": level.sd if level else None,
        "ours_n": level.n if level else None,
        "ours_metric": line.ours.metric if line.ours and level else None,
        "difference": line.difference(column),
        "mismatches": "; ".join(line.ours.mismatches) if line.ours and level else None,
    }
