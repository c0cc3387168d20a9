"""Flags of a method or a number wherever it stands: those of its rows, and the role of its labels."""

from collections.abc import Iterable

from bench.records.rows import Row
from bench.report.results import Results, role

ASIDE = {
    "ceiling": "trained on all labels: a ceiling, not ranked; one cell a seed fills every ratio",
    "unlabelled": "trained without any label of an image; one cell a seed fills every ratio",
    "untrained": "no training: one cell fills every ratio and seed",
}


FLAGS = {
    "reconstruction": "reconstruction from public descriptions, not the authors' code",
    "miniature": "miniature: the backbone was taught on drawings and has seen no photograph",
    "no CLIP": "no CLIP: the backbone joins an ImageNet trunk to a sentence encoder by one linear map",
    "random weights": "random weights: the backbone was never trained, so the number only shows that the program runs",
}
"""What a row's flag means, for readers; a flag that is not listed says enough itself."""


STALE = "stale (the method's source code has changed since)"
NOT_INSTALLED = "the method is not installed here, so that nobody can tell whether its source code has changed"


def roles_of(results: Results, method: str) -> set[str]:
    """What the method's cells learned from; see `bench.report.results.COLUMNS`."""
    return {role(row, results.selection.protocol) for row in rows_of(results, method)}


def rows_of(results: Results, method: str) -> list[Row]:
    """The rows of a method's places, ratio by ratio."""
    return [row for percent in results.percents for row in results.filled.get((method, percent), ())]


def _flags(results: Results, rows: Iterable[Row]) -> set[str]:
    """What must be said at a number of these rows."""
    listed = list(rows)
    stale = {NOT_INSTALLED if row.key in results.gone else STALE for row in listed if row.key in results.stale}
    return stale | {FLAGS.get(flag, flag) for row in listed for flag in row.flags}


def method_flags(results: Results) -> dict[str, list[str]]:
    """What must be said of each method wherever its numbers stand."""
    return {method: sorted(_flags(results, rows_of(results, method))) for method in results.methods}


def own_flags(results: Results, rows: Iterable[Row]) -> list[str]:
    """The flags that not every cell has."""
    return sorted(_flags(results, rows) - _shared_flags(results))


def _shared_flags(results: Results) -> set[str]:
    """Flags of every cell: said once, under the table."""
    every, flags = results.rows.keys(), {FLAGS.get(flag, flag) for flag in results.shared_flags}
    if every and results.gone == every:
        return flags | {NOT_INSTALLED}
    return flags | ({STALE} if every and results.stale - results.gone == every else set())


def common_flags(results: Results) -> str:
    return "".join(f" All numbers: {flag}." for flag in sorted(_shared_flags(results)))


def role_notes(results: Results, method: str) -> list[str]:
    own = roles_of(results, method)
    return [ASIDE[role] for role in own if role in ASIDE] if len(own) == 1 else []
