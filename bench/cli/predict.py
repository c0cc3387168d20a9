"""`bench predict`: a finished cell's scores of your own images."""

import json
from pathlib import Path
from typing import Annotated, Literal

import typer

from bench.cli.options import Debug, Json, ResultsFolder
from bench.cli.plugin_flag import Plugins
from bench.cli.trained import CacheOfCell, CellKey, DeviceOfCell, RootOfCell, SettingsOfCell, open_cell
from bench.system.paths import DEFAULT_RESULTS


def predict(
    cell: CellKey,
    images: Annotated[
        Path,
        typer.Option(help="A folder, a text file with one path per line, or a CSV or Parquet table with a column."),
    ],
    out: Annotated[
        Path, typer.Option(help="The result: .csv, .parquet or .jsonl. FILE.json beside it says how it was made.")
    ],
    top_k: Annotated[
        int | None, typer.Option(help="Only the K classes with the largest scores.  [default: all scores]", min=1)
    ] = None,
    labels: Annotated[
        bool, typer.Option("--labels", help="1 or 0 for each class, by thresholds with the best F1, or by --precision.")
    ] = False,
    precision: Annotated[
        float | None,
        typer.Option(help="With --labels: the lowest thresholds that are at least as precise, such as 0.9."),
    ] = None,
    calibrate: Annotated[
        Literal["platt", "temperature"] | None, typer.Option(help="Probabilities in place of logits.")
    ] = None,
    column: Annotated[
        str | None, typer.Option(help="The table's column of image paths.  [default: image, path, file, ...]")
    ] = None,
    image_root: Annotated[
        Path | None, typer.Option(help="Where the paths of a list or table start.  [default: its folder]")
    ] = None,
    results: ResultsFolder = DEFAULT_RESULTS,
    root: RootOfCell = None,
    settings: SettingsOfCell = None,
    cache: CacheOfCell = None,
    device: DeviceOfCell = "auto",
    plugin: Plugins = None,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Score images with a finished cell: all class scores, the best classes, or labels.

    Thresholds and probabilities are chosen on the cell's held-out images (`bench run --holdout 20`), or if it has none
    on the known labels that it was trained on; never on test images. They are kept in the cell's folder. Files that are
    damaged or no image are named and left out; copies are named and scored.
    """
    from bench.api.display import say_warning
    from bench.api.live_display import counting
    from bench.prediction import PredictionRequest
    from bench.prediction import predict as write_prediction
    from bench.system.wording import counted

    request = PredictionRequest(
        images=images,
        out=out,
        top_k=top_k,
        labels=labels,
        precision=precision,
        calibrate=calibrate,
        column=column,
        folder=image_root,
    )
    opened = open_cell(cell, results, root, settings, cache, device, quiet=as_json)
    with counting("scoring", quiet=as_json) as progress:
        result = write_prediction(opened.trained, opened.row, opened.store, request, progress)
    warnings = (*opened.warnings, *result.warnings)
    if as_json:
        typer.echo(json.dumps({"out": str(result.out), "record": str(result.record), "warnings": warnings}))
        return
    for warning in warnings:
        say_warning(f"{warning}.")
    scored = counted(result.about["images"]["scored"], "image")
    typer.echo(f"{scored} scored by {opened.row.cell.title} ({opened.row.key})")
    typer.echo(f"result   {result.out}")
    typer.echo(f"record   {result.record}")
