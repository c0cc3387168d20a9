"""Wording of values, lists and counts: whatever a user gives, a message stays short.

>>> len(shown("x" * 500)), counted(1, "class", "classes"), counted(1200, "cell")
(120, '1 class', '1,200 cells')
"""

import difflib
import reprlib
from collections.abc import Iterable, Sequence
from typing import Any


class _Short(reprlib.Repr):
    """Of anything a few items and characters, however much is inside."""

    def __init__(self) -> None:
        super().__init__()
        self.maxstring = self.maxother = 120
        self.maxlong = 40
        self.maxlevel = 4
        self.maxlist = self.maxtuple = self.maxdict = self.maxset = self.maxfrozenset = self.maxdeque = 8

    def repr_int(self, x: int, level: int) -> str:
        if abs(x) < 10**self.maxlong:
            return repr(x)
        return f"a whole number of {x.bit_length()} bits"  # Python refuses to write the largest ones


_SHORT = _Short()
SHOWN_LIMIT = 400
"""Characters of a shown value: a list of lists may hold many short ones."""


def shown(value: Any) -> str:
    """`repr` of a value, cut off in the middle where it is long.

    >>> shown([1, 2]), shown(list(range(100)))
    ('[1, 2]', '[0, 1, 2, 3, 4, 5, 6, 7, ...]')
    """
    text = _SHORT.repr(value)
    return text if len(text) <= SHOWN_LIMIT else f"{text[: SHOWN_LIMIT - 20]} ... {text[-15:]}"


def unquoted(text: str) -> str:
    """A name within a sentence, cut off where it is long."""
    return shown(text)[1:-1]


def some(names: Sequence[str], most: int = 4) -> str:
    """All names where they are few, else the first ones and the last.

    >>> some(["a", "b", "c"]), some(["a", "b", "c", "d", "e", "f"])
    ('a, b, c', 'a, b, c, ..., f')
    """
    shown = list(names) if len(names) <= most else [*names[: most - 1], "...", names[-1]]
    return ", ".join(shown)


def counted(count: int, one: str, many: str = "") -> str:
    """A number and its noun. many: the plural where it is not `one` with an s.

    >>> counted(0, "image"), counted(1, "entry", "entries")
    ('0 images', '1 entry')
    """
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def clock_time(seconds: float) -> str:
    """`2:10`, or `1:02:10` from an hour on."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def listed(names: str | Iterable[str]) -> tuple[str, ...]:
    """Names, as a text with commas or one by one, in the given order and each once.

    >>> listed("a, b,a"), listed(["b", "a"])
    (('a', 'b'), ('b', 'a'))
    """
    parts = names.split(",") if isinstance(names, str) else names
    return tuple(dict.fromkeys(part.strip() for part in parts if part.strip()))


def nearest(name: str, allowed: Iterable[str]) -> str:
    """The tail of an error sentence: a near name if there is one, then all that is allowed."""
    allowed = sorted(allowed)
    close = difflib.get_close_matches(name, allowed, n=1)
    hint = f"did you mean {close[0]!r}? Allowed" if close else "allowed"
    return f"{hint}: {', '.join(allowed) or 'none'}."
