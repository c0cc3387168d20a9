"""The process behind `following`: `python -m bench.tracking STORE PARENT_PID [TRACKING_URI]`.

It projects every few seconds what changed, and a last time when its standard input is closed; then it ends. When the
parent dies, it has `GRACE` seconds for that: the next writer completes what it leaves. Standard output carries a
heartbeat while the last pass works and one sentence if something went wrong, standard error the log.
"""

import contextlib
import importlib
import logging
import os
import signal
import sys
import threading
import time
from pathlib import Path

import psutil

from bench.records.reader import StoreReader
from bench.records.store import Store
from bench.tracking.database import default_uri
from bench.tracking.follow import BEAT
from bench.tracking.projection import is_current, sync
from bench.tracking.reachable import TrackingError, refuse_unreachable
from bench.tracking.system import Sampler

INTERVAL_SECONDS = 3.0
SAMPLE_INTERVAL = 2.0
"""Seconds between two looks at what running cells take of the machine."""
GRACE_SECONDS = 1.5
"""Seconds for which it outlives its parent."""
WORK_SECONDS = 0.05
"""Seconds of processor time between two beats: who waits for a lock or an answer uses none."""
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


def main(arguments: list[str]) -> int:
    """Run as a process of low priority."""
    with contextlib.suppress(AttributeError, OSError):
        os.nice(10)
        # Linux weighs sessions first and processes within them; this process has a session of its own.
        Path("/proc/self/autogroup").write_text("10")
    # Whatever a library prints goes to the log; the pipe to the parent is for our one sentence.
    answer = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(name)s %(message)s")
    root, parent, *uri = arguments
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_wait_for_end_of_input, args=(stop,), daemon=True).start()
    threading.Thread(target=_watch, args=(int(parent), stop, answer.fileno()), daemon=True).start()
    threading.Thread(target=_sample, args=(Store(Path(root)), stop), daemon=True).start()
    problem = follow(Store(Path(root)), uri[0] if uri else None, int(parent), stop)
    if problem:
        with contextlib.suppress(OSError):
            answer.write(problem)
            answer.flush()
    return 1 if problem else 0


def _sample(store: StoreReader, stop: threading.Event) -> None:
    sampler = Sampler(store)
    while not stop.wait(SAMPLE_INTERVAL):
        try:
            sampler.sample()
        except (psutil.Error, OSError, ValueError, KeyError) as error:
            _log.warning("system metrics: %s", error)


def _watch(parent: int, stop: threading.Event, answer: int) -> None:
    """Tell the parent while there is work, and end with it, even in the middle of a call that does not come back."""
    beat, gone = time.process_time(), 0.0
    while True:
        time.sleep(0.25)
        if os.getppid() != parent:
            gone = gone or time.monotonic()
            stop.set()
            if time.monotonic() - gone > GRACE_SECONDS:
                os._exit(1)
        elif stop.is_set() and time.process_time() - beat > WORK_SECONDS:
            beat = time.process_time()
            with contextlib.suppress(OSError):
                os.write(answer, BEAT)


def _wait_for_end_of_input(stop: threading.Event) -> None:
    while os.read(0, 1024):
        pass
    stop.set()


if __name__ == "__main__":
    code = main(sys.argv[1:])
    # The thread may still hang in its read, and the pipe to a dead parent cannot be flushed.
    sys.stderr.flush()
    os._exit(code)
