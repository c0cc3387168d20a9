"""Published tables in the papers' layout, one a camp, with our own numbers beside them where there are any.

Our numbers take no part in a ranking: they stand below the line that they belong to, with a footnote for everything in
which they are not like the paper.
"""

from bench.report.published.comparable import DEFINITIONS
from bench.report.published.groups import PAPER_SETTINGS, Group, PublishedColumn, PublishedLine
from bench.report.published.numbers import PRINTED_AVERAGE, UNSTATED, Published
from bench.report.published.ours import RATIOS, Ours
from bench.report.published.reading import published
from bench.report.tables.standard import number as with_spread
from bench.report.tables.table import Footnotes, Style, Table, Value, ranked

READINGS = {
    "log": "read in a training log",
    "third party": "read on a third party's page, not in the paper",
}
PRINTED_APART = 0.06
"""Points by which a printed average may differ from the mean of its nine printed numbers by rounding alone."""

ALIKE = "like the paper in all that is known of it"


def published_table(group: Group, source: Published | None = None) -> Table:
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
        title=f"Published on {group.dataset}, {PAPER_SETTINGS[group.setting]}: {group.camp.title}",
        columns=columns,
        rows=tuple(tuple(row) for row in rows),
        caption=_caption(group),
        footnotes=tuple(notes.texts),
    )


def _caption(group: Group) -> str:
    sentences = [group.camp.what, "mAP in percent as printed."]
    if not group.camp.ranked or group.setting == "full":
        sentences.append("Lines are not ranked.")
    if any(line.ours for line in group.lines):
        sentences.append(
            "Ours: mean ± standard deviation over seeds, last epoch; the difference is ours minus the paper's."
        )
    return " ".join(sentences)


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


def _styles(group: Group, column: PublishedColumn, source: Published) -> list[Style]:
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


def _only(ours: Ours) -> PublishedColumn:
    """The percent of our cells in a setting without ratios: None, unless the sweep gave them one."""
    return next(iter(ours.cells))


def _own_name(ours: Ours, notes: Footnotes, group: Group) -> Value:
    seeds = f"{ours.seeds} seeds" if ours.seeds > 1 else "1 seed"
    return Value(f"    ours, {seeds}", marks=notes.marks(_against(ours, group)))


def _own(ours: Ours, column: PublishedColumn) -> Value:
    level = ours.at(column)
    return Value("-", "missing") if level is None else Value(with_spread(level), "aside", keys=ours.keys)


def _apart(line: PublishedLine, column: PublishedColumn) -> Value:
    gap = line.difference(column)
    return Value("-", "missing") if gap is None else Value(f"{gap:+.1f}".replace("-", "−"))


def _against(ours: Ours, group: Group) -> list[str]:
    remarks = [*ours.mismatches] or [ALIKE]
    if ours.metric != "mAP":
        remarks.append(f"ours taken with {DEFINITIONS[ours.metric]}, as there")
    if ours.others:
        plural = "s" if ours.others > 1 else ""
        remarks.append(f"the store has {ours.others} more setting{plural} of this method, less like the paper")
    return [f"ours: {text}" for text in remarks]


def _remarks(line: PublishedLine, source: Published) -> list[str]:
    """Where the line was read, what is odd about it."""
    first, origin = line.first, source.sources[line.first.source]
    also = [source.sources[name].paper for name in dict.fromkeys(line.also)]
    where = origin.citation + (f" (also in {', '.join(also)})" if also else "")
    remarks = [where + (f"; {READINGS[origin.reading]}" if origin.reading in READINGS else "")]
    remarks += [first.note] if first.note else []
    values = [line.at(percent) for percent in RATIOS]
    printed = line.at(PRINTED_AVERAGE)
    if printed is not None and None not in values:
        mean = sum(value for value in values if value is not None) / len(values)
        if abs(mean - printed) > PRINTED_APART:
            remarks.append(f"printed average {printed:.1f}; the mean of its nine numbers is {mean:.2f}")
    return remarks
