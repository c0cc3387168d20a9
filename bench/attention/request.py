"""Request for attention maps, and the finished cell that it means."""

import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from bench.errors import UsageError
from bench.records.cells import Cell
from bench.records.names import short_name
from bench.records.reader import WEIGHTS_FILE, StoreReader
from bench.settings.registry import nearest

SplitName = Literal["test", "train"]


@dataclass(frozen=True, kw_only=True)
class AttentionRequest:
    """What of a cell.

    images: how many, the first of the split's official order, or drawn by `seed`. classes: by name; with none, those
    that `chosen_classes` takes for each image. out: another folder than the cell's own.
    """

    images: int = 8
    classes: tuple[str, ...] = ()
    part: SplitName = "test"
    seed: int | None = None
    out: Path | None = None

    @property
    def name(self) -> str:
        """The figure's file name: `attention`, and what was asked beyond that."""
        drawn = () if self.seed is None else (f"seed{self.seed}",)
        parts = ("attention", *(() if self.part == "test" else (self.part,)), *drawn, *self.classes)
        return short_name("-".join("".join(c if c.isalnum() else "_" for c in part) for part in parts))

    def columns(self, class_names: tuple[str, ...]) -> list[int]:
        """The classes asked for by their columns; UsageError for one that the dataset does not have."""
        for name in self.classes:
            if name not in class_names:
                raise UsageError(f"there is no class {name!r}; {nearest(name, class_names)}")
        return [class_names.index(name) for name in self.classes]


def find_cell(store: StoreReader, prefix: str) -> Cell:
    """The one finished cell whose key begins with `prefix`, with weights; UsageError that says what is wrong if not."""
    known = store.keys() if prefix else []
    keys = [key for key in known if key.startswith(prefix)]
    if not keys:
        raise UsageError(f"There is no cell {prefix!r} in {store.root}; give the beginning of a key of `bench status`.")
    if len(keys) > 1:
        matches = "; ".join(f"{key} ({store.cell(key).title})" for key in keys[:4])
        more = ", ..." if len(keys) > 4 else ""
        raise UsageError(f"{len(keys)} cells begin with {prefix!r}: {matches}{more}; give more of the key.")
    cell, state = store.cell(keys[0]), store.state(keys[0])
    called = f"cell {cell.key} ({cell.title})"
    if state == "failed":
        raise UsageError(f"{called} failed ({store.reason(cell.key)}); mend that and give its `bench run` again.")
    if state != "done":
        raise UsageError(f"{called} is {state}; it can be looked at when it is done.")
    if not (store.folder(cell.key) / WEIGHTS_FILE).exists():
        raise UsageError(
            f"{called} keeps no weights; delete the folder {store.folder(cell.key)} and train it again without "
            f"--no-weights{_command(store, cell.key)}."
        )
    return cell


def _command(store: StoreReader, key: str) -> str:
    """The newest command that asked for the cell."""
    commands = [record.command for record in store.sweeps() if key in record.keys]
    return f": {shlex.join(word for word in commands[-1] if word != '--no-weights')}" if commands else ""
