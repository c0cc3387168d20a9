"""`bench export`: a finished cell as a file that needs no bench."""

import json
from pathlib import Path
from typing import Annotated, Literal

import typer

from bench.cli.options import Debug, Json, ResultsFolder
from bench.cli.plugin_flag import Plugins
from bench.cli.trained import CacheOfCell, CellKey, RootOfCell, SettingsOfCell, open_cell
from bench.system.paths import DEFAULT_RESULTS


def export(
    cell: CellKey,
    to: Annotated[Literal["onnx", "torch"], typer.Option(help="onnx, or torch: an archive of torch.export.")],
    out: Annotated[Path, typer.Option(help="The folder of the model, its card and its facts.")],
    check: Annotated[int, typer.Option(help="How many test images the written file is checked on.", min=1)] = 200,
    results: ResultsFolder = DEFAULT_RESULTS,
    root: RootOfCell = None,
    settings: SettingsOfCell = None,
    cache: CacheOfCell = None,
    plugin: Plugins = None,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Write a finished cell as one graph: image encoder and head, with fixed text features, for any number of images.

    The written file is checked: it scores test images, with ONNX Runtime or torch, and must give the cell's stored
    scores to 1e-4. Beside it lie a model card (Markdown) and the facts of the cell (JSON).
    """
    from bench.api.display import say_warning
    from bench.api.live_display import counting
    from bench.prediction.export import ExportRequest, export_cell

    request = ExportRequest(to=to, out=out, check=check)
    opened = open_cell(cell, results, root, settings, cache, "cpu", quiet=as_json)
    with counting("checking", quiet=as_json) as progress:
        result = export_cell(opened.trained, opened.row, opened.store, request, progress)
    files = {name: str(path) for name, path in result.files.items()}
    if as_json:
        typer.echo(json.dumps({"files": files, "check": result.check, "warnings": opened.warnings}))
        return
    for warning in opened.warnings:
        say_warning(f"{warning}.")
    difference = result.check["largest_difference"]["file_and_stored"]
    count = result.check["test_images"]
    typer.echo(f"{opened.row.cell.title} ({opened.row.key})")
    typer.echo(f"checked on {count:,} test images: differs from the stored scores by at most {difference:.1e}")
    for path in files.values():
        typer.echo(f"written  {path}")
