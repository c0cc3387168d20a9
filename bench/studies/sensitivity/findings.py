"""What a study of settings found: a table and a figure for each setting, CSV and a page, from the store alone."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from bench.records.store import Store
from bench.report.caveats import statements
from bench.report.render.markdown import gaps, image, provenance, section
from bench.report.results import Results
from bench.report.tables.gains import Column, Compared, Line, columns_of, compare, gain_records, gain_table, level_table
from bench.report.tables.table import Table
from bench.report.write import inputs_digest
from bench.studies.pages import Files, home_of, study_of, write_files
from bench.system.spreadsheet import frame_csv


@dataclass(frozen=True)
class Curve:
    """One setting. values: its points; compared: the same as lines, each against the default's."""

    setting: str
    default: Any
    values: tuple[Any, ...]
    compared: tuple[Compared, ...]


@dataclass(frozen=True)
class Sensitivity:
    """The findings. study: as the sweep's record has it (`bench.studies.sensitivity.design.Study`)."""

    results: Results
    study: Mapping[str, Any]
    curves: tuple[Curve, ...]

    @property
    def columns(self) -> tuple[Column, ...]:
        return columns_of(self.results)


def find(results: Results) -> Sensitivity:
    """The findings of a sensitivity study's sweep."""
    study = study_of(results, "sensitivity")
    curves = []
    for axis in study["axes"]:
        points = axis["points"]
        own = next(label(point["value"], axis) for point in points if point["value"] == axis["default"])
        lines = [Line(label(p["value"], axis), p["line"], "" if p["value"] == axis["default"] else own) for p in points]
        found = tuple(point["value"] for point in points)
        curves.append(Curve(axis["setting"], axis["default"], found, compare(results, lines)))
    return Sensitivity(results, study, tuple(curves))


def label(value: Any, axis: Mapping[str, Any]) -> str:
    """A value in a table; the default's is marked."""
    return f"{value} (default)" if value == axis["default"] else str(value)


def tables(found: Sensitivity) -> list[Table]:
    """For each setting: mAP, and paired differences from the default."""
    made = []
    for curve in found.curves:
        title = f"{found.study['method']}, {curve.setting}: {found.results.selection.title}"
        made += [
            level_table(curve.compared, found.columns, f"mAP of {title}", curve.setting),
            gain_table(
                curve.compared, found.columns, f"Difference from {curve.setting}={curve.default}", curve.setting
            ),
        ]
    return made


def records(found: Sensitivity) -> list[dict[str, Any]]:
    """A record for each setting, value and column, in full precision."""
    return [
        {"setting": curve.setting, **record}
        for curve in found.curves
        for record in gain_records(curve.compared, found.columns, "value")
    ]


def write_sensitivity(found: Sensitivity, store: Store) -> Path:
    """Write the page, figures and CSV to `<store>/reports/sensitivity-<id>/`; the path of the page."""
    folder = home_of(found.results, store, "sensitivity")
    write_files(folder, inputs_digest(found.results, store), lambda: _files(found))
    return folder / "sensitivity.md"


def _files(found: Sensitivity) -> Files:
    from bench.studies.sensitivity.figures import curve_figure

    files: dict[str, str | bytes] = {}
    for curve in found.curves:
        for suffix, content in curve_figure(found, curve).items():
            files[f"{curve.setting}.{suffix}"] = content
    files["sensitivity.csv"] = frame_csv(pd.DataFrame(records(found)))
    files["results.csv"] = frame_csv(found.results.frame)
    files["sensitivity.md"] = "\n\n".join(part.strip() for part in _page(found, sorted(files)) if part.strip()) + "\n"
    return files


def _page(found: Sensitivity, files: Sequence[str]) -> Iterator[str]:
    results, study = found.results, found.study
    yield f"# Sensitivity of {study['method']}"
    yield "\n>\n".join(f"> {text}" for text in statements(results))
    yield (
        "One setting at a time, all others as the method has them. Bands are 95 % intervals (of two seeds: ranges) of "
        "the paired difference from the default, which itself has none; the dotted line marks the default."
    )
    for curve, levels, gains in zip(found.curves, tables(found)[::2], tables(found)[1::2], strict=True):
        yield f"## {curve.setting}"
        yield image(files, curve.setting, f"mAP over {curve.setting}")
        yield section(levels, level=3)
        yield section(gains, level=3)
    yield "\n".join(f"- {note}" for note in study["notes"])
    yield gaps(results)
    yield provenance(results)
    yield "The tables in full precision: [sensitivity.csv](sensitivity.csv)."
