"""Load plugins: files and packages by name, and the entry points of installed distributions."""

import importlib
import importlib.metadata
import importlib.util
import linecache
import os
import re
import sys
import weakref
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from bench.errors import UsageError
from bench.system.origin import FILES, Origin, digest
from bench.system.wording import shown

VARIABLE = "BENCH_PLUGINS"
GROUP = "missing_label_bench"
_PACKAGE = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*")


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


REGISTRIES: weakref.WeakSet[Any] = weakref.WeakSet()
"""Each `Registry` of this process: plugins enter their classes there."""

_LOADED: dict[str, Plugin] = {}
_BROKEN: dict[str, str] = {}
_read_environment = False


def load_plugins(names: Iterable[str | Path]) -> list[Plugin]:
    """Load each Python file or importable package, once; what they register is there from now on.

    UsageError for a name that is neither. One that fails while it is imported registers nothing and hides nothing; it
    stands in `broken()`, with its error, and is left out of what is returned.
    """
    loaded = (_load(str(name)) for name in names)
    return [plugin for plugin in loaded if plugin]


def load_environment(read: bool = True) -> None:
    """Load what BENCH_PLUGINS names, once in a process. read: False leaves it out from now on."""
    global _read_environment
    if not _read_environment:
        _read_environment = True
        load_plugins(from_environment() if read else [])


def from_environment() -> list[str]:
    """The names in BENCH_PLUGINS."""
    return [name for name in os.environ.get(VARIABLE, "").split(os.pathsep) if name.strip()]


def load_entry_points(axis: str) -> Iterator[tuple[str, Any, str]]:
    """What installed distributions offer for `axis` ("methods", ...): name, what it names, and the problem or ""."""
    for point in importlib.metadata.entry_points(group=f"{GROUP}.{axis}"):
        try:
            yield point.name, point.load(), ""
        except (Exception, SystemExit) as error:
            _forget(point.module)
            of = f" (distribution {point.dist.name} {point.dist.version})" if point.dist else ""
            yield point.name, None, error_text(error) + of


def loaded() -> list[Plugin]:
    """The plugins that were loaded by name without an error, in the order of loading."""
    return list(_LOADED.values())


def broken() -> dict[str, str]:
    """Plugins that were named and could not be loaded, with their errors."""
    return dict(_BROKEN)


def outside() -> bool:
    """Whether anything may be registered from outside the package."""
    if _LOADED or from_environment():
        return True
    return any(group.startswith(f"{GROUP}.") for group in importlib.metadata.entry_points().groups)


def error_text(error: BaseException) -> str:
    """The error in one line."""
    lines = str(error).strip().splitlines()
    text = lines[0] if lines else ""
    return text if isinstance(error, UsageError) else f"{type(error).__name__}: {text}"


def _load(name: str) -> Plugin | None:
    if name.endswith(".py") or os.sep in name:
        path = Path(name).expanduser().resolve()
        if not path.is_file():
            raise UsageError(f"--plugin {shown(name)}: there is no such file; give a Python file or a package's name.")
        return load_source(name, path, path.read_bytes())
    if not _PACKAGE.fullmatch(name) or importlib.util.find_spec(name.partition(".")[0]) is None:
        raise UsageError(
            f"--plugin {shown(name)}: no package of this name can be imported; give a Python file (NAME.py), or "
            "install the package, or put its parent folder on PYTHONPATH."
        )
    return _keep(Plugin(name, name), lambda: importlib.import_module(name))


def load_source(name: str, path: Path, source: bytes) -> Plugin | None:
    """Run `source`, the content of `path`, as a module whose name is a hash of its content: equal in every process.

    It is run from memory: what was hashed is what runs, and a node of a cluster needs no file.
    """
    content = digest({path.name: source})
    stem = re.sub(r"\W", "_", path.stem)
    module = f"bench_plugin_{stem}_{content}"
    for earlier in [plugin for plugin in loaded() if plugin.file == path and plugin.module != module]:
        _forget(earlier.module)  # the file was changed since
        del _LOADED[earlier.module]
    FILES[module] = Origin(f"file {path}", content, {path.name: source})
    return _keep(Plugin(name, module, path, source), lambda: _run(module, path, source))


def _run(module: str, path: Path, source: bytes) -> None:
    loaded = ModuleType(module)
    loaded.__file__ = str(path)
    sys.modules[module] = loaded
    text = source.decode(errors="replace")
    linecache.cache[str(path)] = (len(source), None, text.splitlines(keepends=True), str(path))
    exec(compile(source, str(path), "exec"), loaded.__dict__)


def _keep(plugin: Plugin, run: Any) -> Plugin | None:
    if plugin.module in _LOADED:
        return _LOADED[plugin.module]
    try:
        run()
        if plugin.file and not plugin.entries:
            raise UsageError("it registers nothing; enter a class, for instance with @METHODS.register('my_method').")
    except (Exception, SystemExit) as error:
        _forget(plugin.module)
        _BROKEN[plugin.name] = error_text(error)
        return None
    _BROKEN.pop(plugin.name, None)
    return _LOADED.setdefault(plugin.module, plugin)


def _forget(module: str) -> None:
    sys.modules.pop(module, None)
    for registry in list(REGISTRIES):
        registry.forget(module)
