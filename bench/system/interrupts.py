"""Ctrl-C and termination, where libraries would take them for errors of their own."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGUSR1, signal.SIGUSR2)
"""The last two are what a cluster sends to a job whose time is over."""


@contextmanager
def reraised_signals() -> Iterator[Callable[[], None]]:
    """What a signal raises inside the block ends the block, even if code inside caught it.

    A bare `except:` in a library turns Ctrl-C into whatever error it expects there, which would make a failed cell of
    an interrupted one, or ignores it; here the signal's own exception is raised in the end. The block gets a function
    that raises it at once: long work calls it now and then. Signals that raise nothing stay as they are. Outside the
    main thread, which no signal reaches, nothing is done.
    """
    raised: list[BaseException] = []

    def raise_pending() -> None:
        if raised:
            raise raised[0]

    before = _listen(raised) if threading.current_thread() is threading.main_thread() else {}
    try:
        yield raise_pending
    except Exception as error:
        if raised:
            raise raised[0] from error
        raise
    else:
        raise_pending()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def held_signals() -> Iterator[None]:
    """Ctrl-C and termination wait until the block ends.

    For calls into native code that writes through Python: what a signal raises there in the middle of a call can end
    the process by `std::terminate`. Outside the main thread, which no signal reaches, nothing is done.
    """
    held: list[int] = []
    before = {}
    if threading.current_thread() is threading.main_thread():
        before = {number: handler for number in SIGNALS if callable(handler := signal.getsignal(number))}
    for number in before:
        signal.signal(number, lambda number, frame: held.append(number))
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        if held:
            signal.raise_signal(held[0])


@contextmanager
def kept_from_children() -> Iterator[None]:
    """Ctrl-C on a terminal does not reach the processes that this thread starts inside the block, nor theirs.

    They would die with a traceback of their own where they are not yet ready for it, such as in their imports.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _listen(raised: list[BaseException]) -> dict[signal.Signals, Any]:
    """Keep in `raised` what the handlers raise; gives the handlers as they were."""
    before = {number: signal.getsignal(number) for number in SIGNALS}
    handlers = {number: handler for number, handler in before.items() if callable(handler)}
    for number, handler in handlers.items():
        signal.signal(number, _keeping(handler, raised))
    return handlers


def _keeping(
    handler: Callable[[int, FrameType | None], Any], raised: list[BaseException]
) -> Callable[[int, FrameType | None], None]:
    def keep(number: int, frame: FrameType | None) -> None:
        try:
            handler(number, frame)
        except BaseException as error:
            raised.append(error)
            raise

    return keep
