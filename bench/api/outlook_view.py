"""An outlook as a person reads it: a table of the places, and sentences on what is to do and how long it will take."""

import io
from collections.abc import Iterable, Iterator

from rich.console import RenderableType
from rich.table import Table

from bench.api.outlook import Outlook
from bench.api.progress_table import LONG, PlaceState, progress_table
from bench.planning.forecast import Forecast, MethodForecast
from bench.system.capacity import WORKER_MEMORY
from bench.system.console import text_console
from bench.system.wording import clock_time, counted

MUCH = 2 * WORKER_MEMORY
"""Memory of a cell that is worth a line even where all workers have room for it."""


def renderables(outlook: Outlook) -> Iterator[RenderableType]:
    """The table, then the sentences."""
    yield _listed(outlook) if len(outlook.entries) <= LONG else progress_table("plan", list(_states(outlook)))
    yield from _skipped(outlook)
    yield _counted(outlook.counts)
    yield from _expected(outlook.expected)
    yield from _measuring(outlook)
    yield from _bounded(outlook)


def as_text(parts: Iterable[RenderableType], width: int = 120) -> str:
    """The same without colours."""
    console = text_console(width)
    for part in parts:
        console.print(part, soft_wrap=isinstance(part, str))
    assert isinstance(console.file, io.StringIO)
    return "\n".join(line.rstrip() for line in console.file.getvalue().rstrip().splitlines())


def _listed(outlook: Outlook) -> Table:
    table = Table(title="plan")
    for name in ("method", "known", "seed", "cell", "state"):
        table.add_column(name)
    for entry in outlook.entries:
        ratio = "" if entry.percent is None else f"{entry.percent} %"
        key = entry.cell.key if entry.cell else ""
        table.add_row(entry.method, ratio, str(entry.seed), key, outlook.state(entry))
    return table


def _states(outlook: Outlook) -> Iterator[PlaceState]:
    for entry in outlook.entries:
        key = entry.cell.key if entry.cell else None
        yield PlaceState(entry.method, entry.percent, key, outlook.states[key] if key else "skipped")


def _skipped(outlook: Outlook) -> Iterator[str]:
    reasons = {(entry.method, entry.skipped): None for entry in outlook.entries if entry.cell is None}
    for method, reason in reasons:
        yield f"skipped: {method} {reason}"


def _counted(counts: dict[str, int]) -> str:
    parts = [f"{counts['failed']} failed before"] if counts["failed"] else []
    parts += [f"{counts['running']} running now"] if counts["running"] else []
    parts += [f"{counts['planned']} not begun or cut off"] if parts and counts["planned"] else []
    suffix = f" ({', '.join(parts)})" if parts else ""
    places = f"; skipped: {counted(counts['skipped'], 'place')} of the table" if counts["skipped"] else ""
    return f"{counted(counts['cells'], 'cell')}: {counts['done']} done, {counts['todo']} to do{suffix}{places}"


def _bounded(outlook: Outlook) -> Iterator[str]:
    """Methods whose cells wait for memory or take much of it, by what finished ones took or by an estimate."""
    for name, need in outlook.memory.items():
        count = outlook.at_once.get(name)
        if count or need > MUCH:
            basis = "" if name not in outlook.estimated else " by its sizes, since none has finished here"
            so = f", so at most {counted(count, 'worker')} can train it at once" if count else ""
            yield f"memory: a cell of {name} takes about {need / 2**30:.1f} GiB{basis}{so}"


def _expected(expected: Forecast) -> Iterator[str]:
    """The expected training time and its basis; encoding is left out, since it is done once for all cells."""
    if not expected.methods:
        return
    known = {name: method for name, method in expected.methods.items() if method.cells > method.unknown}
    if not known:
        yield "expected time: unknown, since none of these methods has finished a cell like these here"
        return
    least = "at least " if expected.unknown else ""
    workers = counted(expected.workers, "worker")
    yield f"expected time: {least}about {clock_time(expected.seconds)} with {workers}, once images are encoded"
    for name, method in known.items():
        yield f"  {name}: {_each(method)}"
    if expected.unknown:
        yield f"  unknown: {', '.join(expected.unknown)} (no finished cell in this store)"


def _measuring(outlook: Outlook) -> Iterator[str]:
    """The options with which this command measures a method that has no time yet, in one epoch of one cell."""
    for entry in outlook.entries:
        if entry.cell and entry.cell.epochs and entry.method in outlook.expected.unknown:
            name, ratio = entry.cell.method.name, f" --ratios {entry.percent / 100:g}" if entry.percent else ""
            options = f"--methods {name}{ratio} --seeds {entry.seed} --set {name}.epochs=1"
            yield f"  one epoch tells roughly: this command with {options}"
            return


def _each(method: MethodForecast) -> str:
    cells = method.cells - method.unknown
    basis = "of these settings" if method.basis == "equal" else "of this method, scaled by epochs and images"
    return f"{cells} x {clock_time((method.seconds or 0.0) / cells)}, from {method.rows} finished {basis}"
