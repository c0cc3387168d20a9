"""Names to classes, found lazily: putting a file into a listed package is all it takes to add one.

One registry per axis of the grid. A look-up imports the one module of the package whose text registers the name, since
all of them take seconds. Where there is none, every module is imported, those of the package before any plugin's; one
that cannot be imported hides only its own entries, and its error is shown when its name is looked up.
"""

import re
from collections.abc import Callable
from typing import Generic, TypeVar

from bench.errors import UsageError
from bench.settings import plugins
from bench.settings.discovery import import_declaring, import_modules
from bench.system.origin import Origin, is_built_in, origin_of
from bench.system.wording import nearest, shown

_T = TypeVar("_T")

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.+-]*")


class Registry(Generic[_T]):
    """Classes by name for one axis. base: what all of them derive from; set where that class is defined.

    >>> colours = Registry("colour", packages=())
    >>> @colours.register("red")
    ... class Red: ...
    >>> colours.get("red") is Red
    True
    """

    base: type | None = None

    def __init__(self, kind: str, packages: tuple[str, ...]):
        self.kind = kind
        self._packages = packages
        self._entries: dict[str, _T] = {}
        self._broken: dict[str, str] = {}
        self._discovered = False
        plugins.REGISTRIES.add(self)

    def register(self, name: str) -> Callable[[_T], _T]:
        """Register the decorated class and set its `name`; a second class of that name is refused."""

        def enter(entry: _T) -> _T:
            module = getattr(entry, "__module__", "")
            if not (is_built_in(module) or module.startswith(tuple(f"{p}." for p in self._packages))):
                self._discover()  # what is built in has its name first
            self._refuse_unfit(name, entry)
            known = self._entries.setdefault(name, entry)
            if known is not entry:
                places = " and in ".join(_place(one) for one in (known, entry))
                raise UsageError(f"{self.kind} {name!r} is registered twice, in {places}; give one another name.")
            entry.name = name  # type: ignore[attr-defined]
            return entry

        return enter

    def _refuse_unfit(self, name: str, entry: _T) -> None:
        if not _NAME.fullmatch(name):
            raise UsageError(f"{self.kind} {shown(name)}: a name is letters, digits and any of `_ . + -`.")
        if self.base and not (isinstance(entry, type) and issubclass(entry, self.base)):
            raise UsageError(
                f"{self.kind} {name!r} in {_place(entry)} must be a class that derives from "
                f"{self.base.__module__.split('.base')[0]}.{self.base.__name__}."
            )

    def get(self, name: str) -> _T:
        """The class called `name`; UsageError with the nearest names when there is none."""
        if name not in self._entries and not self._discovered:
            import_declaring(name, self._packages)
        if name not in self._entries:
            self._discover()
        if name in self._entries:
            return self._entries[name]
        if name in self._broken:
            raise UsageError(f"{self.kind} {name!r} could not be imported: {self._broken[name]}")
        broken = "".join(f" The plugin {plugin} could not be loaded: {e}" for plugin, e in plugins.broken().items())
        raise UsageError(f"There is no {self.kind} {shown(name)}; {nearest(name, self._entries)}{broken}")

    def names(self) -> list[str]:
        """All names, sorted."""
        self._discover()
        return sorted(self._entries)

    def broken(self) -> dict[str, str]:
        """Modules and entry points that could not be imported, with their errors; for files see `plugins.broken`."""
        self._discover()
        return dict(self._broken)

    def origin(self, name: str) -> Origin:
        """Where the class called `name` comes from."""
        return origin_of(self.get(name).__module__)

    def plugin(self, name: str) -> str:
        """The hash of the plugin's source that `name` comes from; "" where it is built in, or not registered."""
        return self.origin(name).digest if name in self._entries or name in self.names() else ""

    def forget(self, module: str) -> None:
        """Take out what `module`, or a module inside it, has registered."""
        for name in self.holds_from(module):
            del self._entries[name]

    def holds_from(self, module: str) -> list[str]:
        """Names of the classes that `module`, or a module inside it, has registered."""
        return sorted(n for n, entry in self._entries.items() if f"{entry.__module__}.".startswith(f"{module}."))

    def _discover(self) -> None:
        if self._discovered:
            return
        self._discovered = True
        self._broken |= import_modules(self._packages)
        plugins.load_environment()
        for name, loaded, problem in plugins.load_entry_points(f"{self.kind}s"):
            if isinstance(loaded, type) and loaded not in self._entries.values():
                try:
                    self.register(name)(loaded)  # type: ignore[arg-type]
                except UsageError as error:
                    problem = str(error)
            if problem:
                self._broken[name] = problem


def _place(entry: object) -> str:
    module = getattr(entry, "__module__", "")
    origin = origin_of(module)
    return f"{module} ({origin.text})" if not origin.digest or not origin.text.startswith("file ") else origin.text


def describe(entry: type) -> str:
    """The first line of a class's docstring."""
    return (entry.__doc__ or "").strip().split("\n")[0]
