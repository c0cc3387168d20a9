"""The process behind `following`: `python -m bench.tracking STORE PARENT_PID [TRACKING_URI]`.

It projects every few seconds what changed, and a last time when its standard input is closed; then it ends. When the
parent dies, it has `GRACE_SECONDS` for that: the next writer completes what it leaves. Standard output carries a
heartbeat while the last pass works and one sentence if something went wrong, standard error the log.
"""

import contextlib
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
from bench.tracking.follower.passes import follow
from bench.tracking.follower.waiting import BEAT
from bench.tracking.runs.usage import Sampler

SAMPLE_INTERVAL = 2.0
"""Seconds between two looks at what running cells take of the machine."""

GRACE_SECONDS = 1.5
"""Seconds for which it outlives its parent."""

WORK_SECONDS = 0.05
"""Seconds of processor time between two beats: who waits for a lock or an answer uses none."""

_log = logging.getLogger("bench.tracking")


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
