"""The finished cell that the beginning of a key means."""

import shlex

from bench.errors import UsageError
from bench.records.cells import Cell
from bench.records.reader import WEIGHTS_FILE, StoreReader


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
        raise UsageError(f"{called} is {state}; it can be used when it is done.")
    if not (store.folder(cell.key) / WEIGHTS_FILE).exists():
        raise UsageError(
            f"{called} keeps no weights; delete the folder {store.folder(cell.key)} and train it again without "
            f"--no-weights{_command(store, cell.key)}."
        )
    return cell


def _command(store: StoreReader, key: str) -> str:
    """The newest command that requested the cell."""
    commands = [record.command for record in store.sweeps() if key in record.keys]
    return f": {shlex.join(word for word in commands[-1] if word != '--no-weights')}" if commands else ""
