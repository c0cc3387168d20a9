"""The findings of a study of settings: a table for each setting, and records, from the store alone."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bench.report.results import Results
from bench.report.tables.compared import Compared, ComparedLine, GainColumn, columns_of, compare_lines, gain_records
from bench.report.tables.gains import gain_table, level_table
from bench.report.tables.table import Table
from bench.studies.pages import study_of


@dataclass(frozen=True)
class SensitivityCurve:
    """One setting. values: its points; compared: the same as lines, each against the default's."""

    setting: str
    default: Any
    values: tuple[Any, ...]
    compared: tuple[Compared, ...]


@dataclass(frozen=True)
class Sensitivity:
    """The findings. study: as the sweep's record has it (`SensitivityStudy.to_json`)."""

    results: Results
    study: Mapping[str, Any]
    curves: tuple[SensitivityCurve, ...]

    @property
    def columns(self) -> tuple[GainColumn, ...]:
        return columns_of(self.results)


def read_sensitivity(results: Results) -> Sensitivity:
    """The findings of a sensitivity study's sweep."""
    study = study_of(results, "sensitivity")
    curves = []
    for axis in study["axes"]:
        points = axis["points"]
        own = next(label(point["value"], axis) for point in points if point["value"] == axis["default"])
        lines = [
            ComparedLine(label(p["value"], axis), p["line"], "" if p["value"] == axis["default"] else own)
            for p in points
        ]
        values = tuple(point["value"] for point in points)
        curves.append(SensitivityCurve(axis["setting"], axis["default"], values, compare_lines(results, lines)))
    return Sensitivity(results, study, tuple(curves))


def label(value: Any, axis: Mapping[str, Any]) -> str:
    """A value in a table; the default's is marked."""
    return f"{value} (default)" if value == axis["default"] else str(value)


def sensitivity_tables(result: Sensitivity) -> list[Table]:
    """For each setting: mAP, and paired differences from the default."""
    tables = []
    for curve in result.curves:
        title = f"{result.study['method']}, {curve.setting}: {result.results.selection.title}"
        tables += [
            level_table(curve.compared, result.columns, f"mAP of {title}", curve.setting),
            gain_table(
                curve.compared, result.columns, f"Difference from {curve.setting}={curve.default}", curve.setting
            ),
        ]
    return tables


def sensitivity_records(result: Sensitivity) -> list[dict[str, Any]]:
    """A record for each setting, value and column, in full precision."""
    return [
        {"setting": curve.setting, **record}
        for curve in result.curves
        for record in gain_records(curve.compared, result.columns, "value")
    ]
