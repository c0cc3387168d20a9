"""Flags of commands that use a trained cell, and the cell that they open."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

if TYPE_CHECKING:
    from bench.records.rows import Row
    from bench.records.store import Store
    from bench.trained import TrainedCell

CellKey = Annotated[str, typer.Argument(metavar="CELL", help="The beginning of a cell's key; see `bench status`.")]
RootOfCell = Annotated[Path | None, typer.Option("--root", help="Where the cell's dataset is; see `bench prepare -h`.")]
SettingsOfCell = Annotated[
    list[str] | None, typer.Option("--set", help="NAME.OPTION=FILE of the cell's method, protocol or backbone.")
]
CacheOfCell = Annotated[Path | None, typer.Option("--cache", help="Images and features; BENCH_CACHE sets it too.")]
DeviceOfCell = Annotated[str, typer.Option("--device", help="auto, cpu or cuda.")]


class OpenedCell(NamedTuple):
    """A cell with its store. warnings: sentences without their full stop."""

    trained: "TrainedCell"
    row: "Row"
    store: "Store"
    warnings: tuple[str, ...]


def open_cell(
    key: str,
    results: Path,
    root: Path | None,
    settings: list[str] | None,
    cache: Path | None,
    device: str,
    quiet: bool,
) -> OpenedCell:
    """The finished cell whose key begins so; UsageError if there is none."""
    from bench.api.display import PlainObserver
    from bench.records.store import existing_store
    from bench.settings.overrides import parse_overrides
    from bench.system.device import choose_device
    from bench.system.environment import source_hash
    from bench.system.paths import default_cache
    from bench.trained import find_cell, open_trained_cell
    from methods import METHODS

    store = existing_store(results)
    cell = find_cell(store, key)
    progress = PlainObserver([], quiet=quiet).encoding
    files = parse_overrides(settings or [])
    trained = open_trained_cell(cell, store, choose_device(device), cache or default_cache(), progress, root, files)
    row, warnings = store.row(cell.key), []
    if row.code != source_hash(METHODS.get(cell.method.name)):
        warnings.append(f"the source code of {cell.method.name} has changed since the cell was trained")
    if "random weights" in row.flags:
        warnings.append("the backbone's weights are random: the scores mean nothing")
    return OpenedCell(trained, row, store, tuple(warnings))
