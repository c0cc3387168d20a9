"""Words of the command line in a Python program's calls and errors."""

import functools
import inspect
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import ParamSpec

from bench.api.plan import Plan
from bench.api.sweep import Sweep
from bench.errors import BenchError

Numbers = str | float | Sequence[float]
"""One number, several, or a text such as `0.1-0.9`."""

P = ParamSpec("P")


def with_words_of(model: Callable[P, Plan]) -> Callable[[Callable[..., Sweep]], Callable[P, Sweep]]:
    """The function with the parameters of `model`, for help and for type checkers."""

    def dressed(function: Callable[..., Sweep]) -> Callable[P, Sweep]:
        @functools.wraps(function)
        def call(*args: P.args, **words: P.kwargs) -> Sweep:
            return function(*args, **words)

        signature = inspect.signature(model).replace(return_annotation=Sweep)
        call.__signature__ = signature  # type: ignore[attr-defined]
        return call

    return dressed


def flag_text(value: Numbers) -> str:
    """Numbers as they are typed: 0.3 for 0.1 + 0.2."""
    if isinstance(value, str):
        return value
    numbers = value if isinstance(value, Sequence) else [value]
    return ",".join(f"{number:.9g}" for number in numbers)


_FLAG = re.compile(r"--([a-z][a-z-]*)")
_OTHER_WORDS = {"set": "settings", "data": "settings"}


@contextmanager
def python_words() -> Iterator[None]:
    """Errors name parameters in place of flags."""
    try:
        yield
    except BenchError as error:
        text = _FLAG.sub(lambda flag: _OTHER_WORDS.get(flag[1], flag[1].replace("-", "_")), str(error))
        error.args = (text,)
        raise
