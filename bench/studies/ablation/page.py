"""The page of an ablation: Markdown, figures and CSV in the store's reports."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from bench.records.reader import StoreReader
from bench.report.caveats import statements
from bench.report.render.markdown import gaps, image, section
from bench.report.render.provenance import provenance
from bench.report.stamp import inputs_digest
from bench.studies.ablation.figures import ablation_figures
from bench.studies.ablation.findings import Ablation, ablation_records, ablation_tables, parts_table
from bench.studies.pages import Files, study_folder, write_files
from bench.system.spreadsheet import frame_csv

FIGURES = {
    "waterfall": "What each rung brings, from the baseline to the whole",
    "parts": "Change in mAP for each variant at each ratio",
    "effects": "Effect of each part at each ratio",
    "interactions": "Interactions of pairs of parts, averaged over ratios",
}


def write_ablation(ablation: Ablation, store: StoreReader) -> Path:
    """Write the page, figures and CSV to `<store>/reports/ablation-<id>/`; the path of the page."""
    folder = study_folder(ablation.results, store, "ablation")
    write_files(folder, inputs_digest(ablation.results, store), lambda: _files(ablation))
    return folder / "ablation.md"


def _files(ablation: Ablation) -> Files:
    files: dict[str, str | bytes] = {
        f"{name}.{suffix}": content
        for name, images in ablation_figures(ablation).items()
        for suffix, content in images.items()
    }  # fmt: skip
    files["ablation.csv"] = frame_csv(pd.DataFrame(ablation_records(ablation)))
    files["results.csv"] = frame_csv(ablation.results.frame)
    if ablation.effects:
        files["effects.csv"] = frame_csv(pd.DataFrame(_effect_records(ablation)))
    files["ablation.md"] = "\n\n".join(part.strip() for part in _page(ablation, sorted(files)) if part.strip()) + "\n"
    return files


def _effect_records(ablation: Ablation) -> Iterator[dict[str, Any]]:
    for name, by_column in ablation.effects.items():
        for column, effect in by_column.items():
            yield {"effect": name, "percent": column, **effect._asdict(), "not_significant": effect.not_significant}


def _page(ablation: Ablation, files: Sequence[str]) -> Iterator[str]:
    results, study = ablation.results, ablation.study
    yield f"# Ablation of {study['method']} ({ablation.design})"
    yield "\n>\n".join(f"> {text}" for text in statements(results))
    levels, *others = ablation_tables(ablation)
    yield section(levels, level=2)
    for table in others:
        yield section(table, level=2)
    for name, title in FIGURES.items():
        yield image(files, name, title)
    yield section(parts_table(study), level=2)
    yield "\n".join(f"- {note}" for note in study["notes"])
    yield gaps(results)
    yield provenance(results)
    yield (
        "The tables in full precision: "
        + ", ".join(f"[{n}]({n})" for n in files if n.endswith(".csv") and n != "results.csv")
        + "."
    )
