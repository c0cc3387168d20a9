"""Names to classes, found lazily: putting a file into a listed package is all it takes to add one.

One registry per axis of the grid. Modules are imported at the first look-up; a module that cannot be imported
hides only its own entries, and its error is shown when its name is asked for.
"""

import difflib
import importlib
import pkgutil
from collections.abc import Callable, Iterable
from typing import Generic, TypeVar

from bench.errors import UsageError
from bench.system.wording import shown

T = TypeVar("T")


def nearest(given: str, allowed: Iterable[str]) -> str:
    """The tail of an error sentence: a near name if there is one, then all that is allowed."""
    allowed = sorted(allowed)
    close = difflib.get_close_matches(given, allowed, n=1)
    hint = f"did you mean {close[0]!r}? Allowed" if close else "allowed"
    return f"{hint}: {', '.join(allowed) or 'none'}."


class Registry(Generic[T]):
    """Classes by name for one axis.

    >>> colours = Registry("colour", packages=())
    >>> @colours.register("red")
    ... class Red: ...
    >>> colours.get("red") is Red
    True
    """

    def __init__(self, kind: str, packages: tuple[str, ...]):
        self.kind = kind
        self._packages = packages
        self._entries: dict[str, T] = {}
        self._broken: dict[str, Exception] = {}
        self._discovered = False

    def register(self, name: str) -> Callable[[T], T]:
        """Enter the decorated class under `name` and tell it its name; a second class of that name is refused."""

        def enter(entry: T) -> T:
            known = self._entries.setdefault(name, entry)
            if known is not entry:
                raise ValueError(f"{self.kind} {name!r} is registered twice: {known} and {entry}")
            entry.name = name  # type: ignore[attr-defined]
            return entry

        return enter

    def get(self, name: str) -> T:
        """The class called `name`; UsageError with the nearest names when there is none."""
        if name not in self._entries:
            self._discover()
        if name in self._entries:
            return self._entries[name]
        if name in self._broken:
            raise UsageError(f"{self.kind} {name!r} could not be imported: {self._broken[name]}")
        raise UsageError(f"There is no {self.kind} {shown(name)}; {nearest(name, self._entries)}")

    def names(self) -> list[str]:
        """All names, sorted."""
        self._discover()
        return sorted(self._entries)

    def broken(self) -> dict[str, Exception]:
        """Modules that could not be imported, with their errors."""
        self._discover()
        return dict(self._broken)

    def _discover(self) -> None:
        if self._discovered:
            return
        self._discovered = True
        for package_name in self._packages:
            package = importlib.import_module(package_name)
            for module in pkgutil.iter_modules(package.__path__):
                if module.name.startswith("_"):
                    continue
                try:
                    importlib.import_module(f"{package_name}.{module.name}")
                except Exception as error:
                    self._broken[module.name] = error


def describe(entry: type) -> str:
    """The first line of a class's docstring."""
    return (entry.__doc__ or "").strip().split("\n")[0]
