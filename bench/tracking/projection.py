"""Bringing an MLflow database up to date with a store."""

from bench.errors import DataError
from bench.records.reader import StoreReader
from bench.tracking.database.client import open_client
from bench.tracking.database.ledger import read_ledger
from bench.tracking.database.location import absolute_uri, default_uri, is_server, set_moved_aside
from bench.tracking.database.lock import single_writer
from bench.tracking.database.reachable import TrackingError, refuse_unreachable
from bench.tracking.runs.signatures import signatures
from bench.tracking.runs.survey import survey
from bench.tracking.sync_pass import SyncPass, SyncReport

LEDGER = "mlflow.sync.json"

WAIT = 120.0
"""Seconds to wait for another writer."""


def sync(store: StoreReader, tracking_uri: str | None = None, *, live: bool = False, wait: float = WAIT) -> SyncReport:
    """Project the store into MLflow; doing it twice changes nothing, and a database that is gone is made anew.

    tracking_uri: an MLflow server or database; by default sqlite under the store. live: the newest sweep is being run
    by the caller. TrackingError if MLflow cannot be written within `wait` seconds, or not at all.
    """
    uri = absolute_uri(tracking_uri) if tracking_uri else default_uri(store.root)
    try:
        surveyed = survey(store, live)
        units = signatures(surveyed)
    except (OSError, ValueError, KeyError) as error:
        raise TrackingError(f"The store {store.root} could not be read ({type(error).__name__}: {error}).") from error
    if read_ledger(store.root / LEDGER, uri).holds(units):
        return SyncReport(uri, unchanged=len(units))
    with single_writer(store.root, wait):
        try:
            refuse_unreachable(uri)
            set_moved_aside(uri, store.root)
            # Read under the lock: what another writer did while this one waited is not done again.
            ledger = read_ledger(store.root / LEDGER, uri)
            client = open_client(uri)
            return SyncPass(client, surveyed, units, ledger).run()
        except (TrackingError, DataError):
            raise
        except Exception as error:
            raise TrackingError(_advice(store, uri, error)) from error


def is_current(store: StoreReader, tracking_uri: str | None = None, live: bool = False) -> bool:
    """Whether a sync would change nothing, found without importing MLflow."""
    uri = absolute_uri(tracking_uri) if tracking_uri else default_uri(store.root)
    return read_ledger(store.root / LEDGER, uri).holds(signatures(survey(store, live)))


def _advice(store: StoreReader, uri: str, error: Exception) -> str:
    reason = f"{type(error).__name__}: {str(error).strip().splitlines()[0] if str(error).strip() else 'no message'}"
    if is_server(uri):
        return f"The MLflow server {uri} could not be written ({reason}); check it, then run `bench sync`."
    return (
        f"The MLflow database {uri} could not be written ({reason}); if this stays, move the file away and run "
        f"`bench sync`: it is rebuilt from {store.root}."
    )
