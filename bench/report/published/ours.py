"""Our own cells beside a paper's number: those that answer the same question, and how they differ."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from bench.records.component import canonical_json
from bench.records.rows import Row
from bench.report.published.comparable import comparable, mismatches
from bench.report.published.numbers import PRINTED_AVERAGE, PublishedNumber
from bench.report.tables.spread import Spread, spread

RATIOS = tuple(range(10, 100, 10))
"""The papers' shares of known labels, in percent; their average is over these nine."""


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


def _finished(group: Mapping[int | None, Sequence[Row]]) -> int:
    """Newer settings first: the newest cell's time as a number that grows."""
    newest = max(row.finished for rows in group.values() for row in rows)
    return int("".join(character for character in newest if character.isdigit())[:14] or 0)


def _setting(row: Row) -> str:
    """All that a cell is but its percent and seed."""
    data = row.cell.to_json()
    # Masks read from files have a fingerprint for each ratio.
    axes = {name: data[name] for name in ("method", "dataset", "backbone", "feed", "holdout")}
    return canonical_json({**axes, "protocol": [row.cell.protocol.name, dict(row.cell.protocol.options)]})


def _mismatches(number: PublishedNumber, group: Mapping[int | None, Sequence[Row]]) -> list[str]:
    rows = [row for seeds in group.values() for row in seeds]
    return list(dict.fromkeys(reason for row in rows for reason in mismatches(number, row)))
