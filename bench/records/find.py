"""Finished cells by the beginning of a key, and labels that distinguish them."""

from collections.abc import Sequence

from bench.errors import UsageError
from bench.records.cells import Cell
from bench.records.reader import StoreReader
from bench.records.rows import Row


def find_finished(store: StoreReader, prefix: str) -> Cell:
    """The one finished cell whose key begins with `prefix`; UsageError that says what is wrong if there is none."""
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
    return cell


def refuse_apart(cells: Sequence[Cell]) -> None:
    """UsageError for one cell twice, or for cells of different datasets: there are no images to look at together."""
    first = cells[0]
    for other in cells[1:]:
        if other.key == first.key:
            raise UsageError(f"both keys name cell {first.key} ({first.title}); give two cells, or one alone.")
        if other.dataset != first.dataset:
            raise UsageError(
                f"cell {other.key} ({other.title}) is of other images or labels than cell {first.key} ({first.title}); "
                "give two cells of one dataset with the same options."
            )


def names_apart(rows: Sequence[Row]) -> list[str]:
    """Labels of the cells: their methods' names, or with one method the cells' titles and keys."""
    names = [row.cell.method.name for row in rows]
    titles = [row.cell.title for row in rows]
    apart = next((candidate for candidate in (names, titles) if len(set(candidate)) == len(rows)), None)
    return apart or [f"{title} ({row.key[:6]})" for title, row in zip(titles, rows, strict=True)]
