"""MLflow's own interface over a store, brought up to date and served until Ctrl-C."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from bench.errors import UsageError
from bench.records.reader import StoreReader
from bench.studies.search.archive import archives
from bench.tracking.database.location import default_uri
from bench.tracking.database.reachable import TrackingError
from bench.tracking.database.sqlite import query_sqlite, sqlite_path
from bench.tracking.projection import is_current, sync
from bench.tracking.runs.names import experiment_name
from bench.tracking.runs.views import METHODS_VIEW, PREFIX, TUNED_VIEW, address
from bench.tracking.server import SERVER_LOG, free_port, last_line, serving


def ui(store: StoreReader, port: int | None = None, announce: Callable[[str], object] = lambda line: None) -> None:
    """Bring the database up to date and serve it until Ctrl-C. Without `port` a free one is taken.

    announce: gets one line after another: what is wrong, the address, and where each experiment's figure is.
    """
    if port is not None:
        free_port(port)
    refresh(store, announce)
    with suppress(KeyboardInterrupt), _ending_on_sigterm(), serving(store, port) as server:
        announce(f"MLflow: {server.url}  (Ctrl-C ends it)")
        for name, url in experiment_pages(store, server.url):
            announce(f"  {name}: {url}")
        server.process.wait()
        raise TrackingError(f"The MLflow server has ended: {last_line(store.root / SERVER_LOG)}.")


@contextmanager
def _ending_on_sigterm() -> Iterator[None]:
    """A polite kill ends the block like Ctrl-C, so that no server is left behind."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def refresh(store: StoreReader, announce: Callable[[str], object]) -> None:
    """Project what is not projected yet. An old database is still shown if that fails."""
    if not (store.root / "mlflow.db").exists():
        refuse_nothing(store)
    if is_current(store):
        return
    try:
        announce(str(sync(store, wait=5)))
    except TrackingError as error:
        if not (store.root / "mlflow.db").exists():
            raise
        announce(f"warning: what MLflow shows may be old. {error}")


def refuse_nothing(store: StoreReader) -> None:
    """UsageError for a folder that holds nothing that could be projected: it may be a slip, and none is made."""
    if not store.sweeps() and not store.keys() and not any(archives(store.root)):
        raise UsageError(f"There is nothing in {store.root} to show yet; start with `bench run`, or give --results.")


def experiment_pages(store: StoreReader, url: str) -> list[tuple[str, str]]:
    """The experiments that have saved views: their names and the address of the figure, the newest sweep's first.

    After them come those with a tuning, whose figure is the one over the budget.
    """
    path = sqlite_path(default_uri(store.root))
    query = "SELECT name, experiment_id FROM experiments JOIN experiment_tags USING (experiment_id) WHERE key = ?"
    ids, tuned = (dict(query_sqlite(path, query, PREFIX + v) or []) if path else {} for v in (METHODS_VIEW, TUNED_VIEW))
    newest = [experiment_name(record.dataset, record.protocol) for record in reversed(store.sweeps())]
    ordered = [name for name in dict.fromkeys(newest) if name in ids]
    pages = [(name, address(url, str(ids[name]), METHODS_VIEW, chart=True)) for name in ordered]
    return [*pages, *((name, address(url, str(one), TUNED_VIEW, chart=True)) for name, one in tuned.items())]
