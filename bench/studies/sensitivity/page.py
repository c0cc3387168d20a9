"""The page of a study of settings: Markdown, figures and CSV in the store's reports."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pandas as pd

from bench.records.reader import StoreReader
from bench.report.caveats import statements
from bench.report.render.markdown import gaps, image, section
from bench.report.render.provenance import provenance
from bench.report.stamp import inputs_digest
from bench.studies.pages import Files, study_folder, write_files
from bench.studies.sensitivity.figures import sensitivity_figure
from bench.studies.sensitivity.findings import Sensitivity, sensitivity_records, sensitivity_tables
from bench.system.spreadsheet import frame_csv


def write_sensitivity(result: Sensitivity, store: StoreReader) -> Path:
    """Write the page, figures and CSV to `<store>/reports/sensitivity-<id>/`; the path of the page."""
    folder = study_folder(result.results, store, "sensitivity")
    write_files(folder, inputs_digest(result.results, store), lambda: _files(result))
    return folder / "sensitivity.md"


def _files(result: Sensitivity) -> Files:
    files: dict[str, str | bytes] = {}
    for curve in result.curves:
        for suffix, content in sensitivity_figure(result, curve).items():
            files[f"{curve.setting}.{suffix}"] = content
    files["sensitivity.csv"] = frame_csv(pd.DataFrame(sensitivity_records(result)))
    files["results.csv"] = frame_csv(result.results.frame)
    files["sensitivity.md"] = "\n\n".join(part.strip() for part in _page(result, sorted(files)) if part.strip()) + "\n"
    return files


def _page(result: Sensitivity, files: Sequence[str]) -> Iterator[str]:
    results, study = result.results, result.study
    yield f"# Sensitivity of {study['method']}"
    yield "\n>\n".join(f"> {text}" for text in statements(results))
    yield (
        "One setting at a time, all others as the method has them. Bands are 95 % intervals (of two seeds: ranges) of "
        "the paired difference from the default, which itself has none; the dotted line marks the default."
    )
    for curve, levels, gains in zip(
        result.curves, sensitivity_tables(result)[::2], sensitivity_tables(result)[1::2], strict=True
    ):
        yield f"## {curve.setting}"
        yield image(files, curve.setting, f"mAP over {curve.setting}")
        yield section(levels, level=3)
        yield section(gains, level=3)
    yield "\n".join(f"- {note}" for note in study["notes"])
    yield gaps(results)
    yield provenance(results)
    yield "The tables in full precision: [sensitivity.csv](sensitivity.csv)."
