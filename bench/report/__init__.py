"""The report: a typed view of the store, and tables, figures and text made from it.

    results = load(store)                  # the newest sweep
    console.print(rich_table(results))     # what a person sees at the end of a run
    path = write_report(results, store)    # report.md, figures, CSV; drawn again only if something changed

Names are imported when they are first used, so that importing the package is cheap.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bench.report.results import Missing, Results, curves, load
    from bench.report.table import Table, Value, markdown
    from bench.report.tables import average_table, cost_table, ratio_table
    from bench.report.terminal import rich_table, to_rich
    from bench.report.write import write_report

_HOMES = {
    "Missing": "results", "Results": "results", "curves": "results", "load": "results",
    "Table": "table", "Value": "table", "markdown": "table",
    "average_table": "tables", "cost_table": "tables", "ratio_table": "tables",
    "rich_table": "terminal", "to_rich": "terminal", "write_report": "write",
}  # fmt: skip

__all__ = [
    "Missing", "Results", "Table", "Value", "average_table", "cost_table", "curves", "load", "markdown",
    "ratio_table", "rich_table", "to_rich", "write_report",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
