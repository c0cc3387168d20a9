"""Plugins that this process knows: those that were loaded, and those that could not be, with their errors."""

import sys
import weakref
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.errors import UsageError

REGISTRIES: weakref.WeakSet[Any] = weakref.WeakSet()
"""Each `Registry` of this process: plugins enter their classes there."""

_LOADED: dict[str, "Plugin"] = {}
_BROKEN: dict[str, str] = {}


@dataclass(frozen=True)
class Plugin:
    """A loaded plugin by its name or path. module: its module's name. file, source: of a plugin file, else None."""

    name: str
    module: str
    file: Path | None = None
    source: bytes | None = None

    @property
    def entries(self) -> dict[str, list[str]]:
        """The names that it registered, by kind: `{"method": ["my_method"]}`."""
        entries = {registry.kind: registry.holds_from(self.module) for registry in list(REGISTRIES)}
        return {kind: names for kind, names in entries.items() if names}


def loaded() -> list[Plugin]:
    """The plugins that were loaded by name without an error, in the order of loading."""
    return list(_LOADED.values())


def broken() -> dict[str, str]:
    """Plugins that were named and could not be loaded, with their errors."""
    return dict(_BROKEN)


def add(plugin: Plugin, run: Callable[[], object]) -> Plugin | None:
    """The plugin, once `run` has run its code and it has registered its classes; None where it is broken."""
    if plugin.module in _LOADED:
        return _LOADED[plugin.module]
    try:
        run()
        if plugin.file and not plugin.entries:
            raise UsageError("it registers nothing; enter a class, for instance with @METHODS.register('my_method').")
    except (Exception, SystemExit) as error:
        forget(plugin.module)
        _BROKEN[plugin.name] = error_text(error)
        return None
    _BROKEN.pop(plugin.name, None)
    return _LOADED.setdefault(plugin.module, plugin)


def unload(plugin: Plugin) -> None:
    """Take out a loaded plugin, with what it has registered."""
    forget(plugin.module)
    del _LOADED[plugin.module]


def unload_all() -> None:
    """Take out every plugin, broken ones too."""
    for plugin in loaded():
        unload(plugin)
    _BROKEN.clear()


def forget(module: str) -> None:
    """Take out a module, with what it has registered."""
    sys.modules.pop(module, None)
    for registry in list(REGISTRIES):
        registry.forget(module)


def error_text(error: BaseException) -> str:
    """The error in one line."""
    lines = str(error).strip().splitlines()
    text = lines[0] if lines else ""
    return text if isinstance(error, UsageError) else f"{type(error).__name__}: {text}"
