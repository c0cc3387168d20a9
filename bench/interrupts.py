"""Ctrl-C and termination, where libraries would take them for errors of their own."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def obeyed_signals() -> Iterator[None]:
    """What a signal raises inside the block ends the block, even if code inside caught it.

    A bare `except:` in a library turns Ctrl-C into whatever error it expects there, which would make a failed cell of
    an interrupted one; here the signal's own exception is raised in the end. Signals that raise nothing stay as they
    are. Outside the main thread, which no signal reaches, nothing is done.
    """
    raised: list[BaseException] = []
    before = _listen(raised) if threading.current_thread() is threading.main_thread() else {}
    try:
        yield
    except Exception as error:
        if raised:
            raise raised[0] from error
        raise
    else:
        if raised:
            raise raised[0]
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _listen(raised: list[BaseException]) -> dict[signal.Signals, Any]:
    """Keep in `raised` what the handlers raise; gives the handlers as they were."""
    before = {number: signal.getsignal(number) for number in SIGNALS}
    heard = {number: handler for number, handler in before.items() if callable(handler)}
    for number, handler in heard.items():
        signal.signal(number, _keeping(handler, raised))
    return heard


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
