"""Transfer of plugins to another process or machine: they are loaded before anything that needs them is unpickled."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.errors import UsageError
from bench.settings.plugins import known, load


@dataclass(frozen=True)
class Carried:
    """The named plugins of this process, files with their source. Unpickling it loads them.

    Entry points are not in it: every process finds those of its own machine, and each cell says by a hash which source
    it was planned with.
    """

    plugins: tuple[known.Plugin, ...]

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return unpacked, tuple((p.name, p.module, p.file and str(p.file), p.source) for p in self.plugins)


def carried() -> Carried:
    """The plugins that are loaded now."""
    load.load_environment()
    return Carried(tuple(known.loaded()))


def unpacked(*plugins: tuple[str, str, str | None, bytes | None]) -> Carried:
    """Load them here; BENCH_PLUGINS of this process no longer counts, the sender's did."""
    load.load_environment(read=False)
    loaded = []
    for name, module, file, source in plugins:
        if file is None or source is None:
            loaded += load.load_plugins([module])
        else:
            loaded += filter(None, [load.load_source(name, Path(file), source)])
        if name in known.broken():
            raise UsageError(f"the plugin {name} cannot be loaded in this process: {known.broken()[name]}")
    return Carried(tuple(loaded))


class CarriesPlugins:
    """A class whose pickles load this process's plugins first, since what it holds may be made of their classes."""

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any]]:
        return _made, (carried(), type(self)), self.__dict__


def _made(plugins: Carried, cls: Any) -> Any:
    return cls.__new__(cls)
