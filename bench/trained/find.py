"""The finished cell with weights that the beginning of a key means."""

import shlex

from bench.errors import UsageError
from bench.records.cells import Cell
from bench.records.find import find_finished
from bench.records.layout import WEIGHTS_FILE
from bench.records.reader import StoreReader


def find_cell(store: StoreReader, prefix: str) -> Cell:
    """The one finished cell whose key begins with `prefix`, with weights; UsageError that says what is wrong if not."""
    cell = find_finished(store, prefix)
    if not (store.folder(cell.key) / WEIGHTS_FILE).exists():
        raise UsageError(
            f"cell {cell.key} ({cell.title}) keeps no weights; delete the folder {store.folder(cell.key)} and train it "
            f"again without --no-weights{_command(store, cell.key)}."
        )
    return cell


def _command(store: StoreReader, key: str) -> str:
    """The newest command that requested the cell."""
    commands = [record.command for record in store.sweeps() if key in record.keys]
    return f": {shlex.join(word for word in commands[-1] if word != '--no-weights')}" if commands else ""
