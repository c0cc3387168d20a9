"""A plan: the cells that a request stands for, before anything is run."""

import functools
import html
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bench.api.execution import Execution
from bench.api.opening import (
    print_chosen_elsewhere,
    print_enlarged,
    print_left_out,
    print_mark,
    print_no_ratio,
    watched,
)
from bench.api.outlook import Outlook, look_ahead
from bench.api.outlook_view import as_text, renderables
from bench.backbones import BACKBONES
from bench.data import Dataset
from bench.planning.plan import PlannedPlace, cells, open_dataset, resolved_request
from bench.planning.plan import plan as entries_of
from bench.planning.request import Request
from bench.records.cells import Cell

if TYPE_CHECKING:
    import pandas as pd


PLACE_LIMIT = 40
"""Places that a notebook shows one by one; of more, the first and the last."""


@dataclass(frozen=True)
class Plan:
    """A request with its dataset opened and every place of its table resolved; usage errors have been raised by now.

    `print(plan)` shows the places with the state of their cells, and about how long the rest will take.
    """

    request: Request
    execution: Execution
    dataset: Dataset
    entries: Sequence[PlannedPlace]

    @functools.cached_property
    def cells(self) -> list[Cell]:
        """The distinct cells, in running order."""
        return list(cells(self.entries))

    @property
    def titles(self) -> dict[str, str]:
        """Readable names of the cells by key: each with the name of the first line of the table that holds it."""
        titles: dict[str, str] = {}
        for entry in self.entries:
            if entry.cell:
                titles.setdefault(entry.cell.key, entry.cell.title_as(entry.method))
        return titles

    def outlook(self) -> Outlook:
        """The states of the cells in the store, as they are now; nothing is changed."""
        return look_ahead(self.entries, self.cells, self.dataset, self.execution)

    def to_frame(self) -> "pd.DataFrame":
        """A row for each place: method, percent, seed, key, state (done, failed, running, planned, skipped), reason."""
        import pandas as pd

        now = self.outlook()
        records = [
            {
                "method": entry.method,
                "percent": entry.percent,
                "seed": entry.seed,
                "key": entry.cell.key if entry.cell else None,
                "state": now.states[entry.cell.key] if entry.cell else "skipped",
                "reason": entry.skipped,
            }
            for entry in self.entries
        ]
        kinds = {"method": "string", "percent": "Int64", "seed": "int64"}
        return pd.DataFrame(records).astype({**kinds, **dict.fromkeys(("key", "state", "reason"), "string")})

    def __len__(self) -> int:
        return len(self.cells)

    def __repr__(self) -> str:
        return as_text(renderables(self.outlook()))

    def _repr_html_(self) -> str:
        _, *lines = renderables(self.outlook())
        table = self.to_frame().to_html(index=False, na_rep="", max_rows=PLACE_LIMIT)
        return table + "".join(f"<div>{html.escape(str(line))}</div>" for line in lines)


def make_plan(request: Request, execution: Execution, quiet: bool = False) -> Plan:
    """Open the dataset and plan; nothing is written into the store."""
    execution.check()
    dataset = open_dataset(request, execution.cache)
    with watched(dataset, quiet):
        entries = entries_of(request, dataset)
    resolved = resolved_request(request, dataset)
    if not quiet:
        print_no_ratio(resolved)
        print_chosen_elsewhere(resolved)
        print_left_out(dataset, (entry.skipped for entry in entries))
        print_mark(dataset, BACKBONES.get(request.backbone))
        print_enlarged(dataset, (entry.cell for entry in entries if entry.cell))
    return Plan(resolved, execution, dataset, entries)
