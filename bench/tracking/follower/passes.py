"""The passes of the process that writes to MLflow: one every few seconds, and a last one."""

import importlib
import logging
import threading
import time

import psutil

from bench.records.reader import StoreReader
from bench.tracking.database.location import default_uri
from bench.tracking.database.reachable import TrackingError, refuse_unreachable
from bench.tracking.projection import is_current, sync

INTERVAL_SECONDS = 3.0

LAST_WAIT = 8.0
"""Seconds that the last pass waits for another writer; the parent waits a little longer for any sign of life."""

REST_FACTOR, REST_SECONDS = 4, 15.0
"""It rests this many times longer than it worked, so that it takes a fifth of a core at most; seconds at most."""

_log = logging.getLogger("bench.tracking")


def follow(
    store: StoreReader, uri: str | None, parent: int, stop: threading.Event, interval: float = INTERVAL_SECONDS
) -> str | None:
    """Project until `stop` is set or the parent is gone, then once more; what is wrong at the end, or None."""
    pause = interval
    while not stop.wait(pause) and psutil.pid_exists(parent):
        began = time.process_time()
        try:
            if not is_current(store, uri, live=True):
                refuse_unreachable(uri or default_uri(store.root))
                importlib.import_module("mlflow")
                began = time.process_time()
                _log.info("%s", sync(store, uri, live=True, wait=0))
        except (ImportError, TrackingError, OSError, ValueError, KeyError) as error:
            _log.warning("%s", error)  # a file that is being written now is whole at the next look
        pause = min(max(interval, REST_FACTOR * (time.process_time() - began)), REST_SECONDS)
    try:
        _log.info("%s", sync(store, uri, wait=LAST_WAIT))
    except TrackingError as error:
        _log.exception("the last pass failed")
        return str(error)
    except OSError as error:
        _log.exception("the last pass failed")
        return f"MLflow was not updated ({error}); mend that, then run `bench sync`."
    return None
