"""Load plugins by name: files and importable packages."""

import importlib
import importlib.util
import linecache
import os
import re
import sys
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType

from bench.errors import UsageError
from bench.settings.plugins.entry_points import any_entry_point
from bench.settings.plugins.known import Plugin, add, loaded, unload
from bench.system.origin import FILES, Origin, digest
from bench.system.wording import shown

VARIABLE = "BENCH_PLUGINS"
_PACKAGE = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*")


_read_environment = False


def load_plugins(names: Iterable[str | Path]) -> list[Plugin]:
    """Load each Python file or importable package, once; what they register is there from now on.

    UsageError for a name that is neither. One that fails while it is imported registers nothing and hides nothing; it
    stands in `broken()`, with its error, and is left out of what is returned.
    """
    return [plugin for name in names if (plugin := _load(str(name)))]


def load_environment(read: bool = True) -> None:
    """Load what BENCH_PLUGINS names, once in a process. read: False leaves it out from now on."""
    global _read_environment
    if not _read_environment:
        _read_environment = True
        load_plugins(from_environment() if read else [])


def from_environment() -> list[str]:
    """The names in BENCH_PLUGINS."""
    return [name for name in os.environ.get(VARIABLE, "").split(os.pathsep) if name.strip()]


def any_plugin() -> bool:
    """Whether anything may be registered from outside the package."""
    return bool(loaded() or from_environment()) or any_entry_point()


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
    return add(Plugin(name, name), lambda: importlib.import_module(name))


def load_source(name: str, path: Path, source: bytes) -> Plugin | None:
    """Run `source`, the content of `path`, as a module whose name is a hash of its content: equal in every process.

    It is run from memory: what was hashed is what runs, and a node of a cluster needs no file.
    """
    content = digest({path.name: source})
    stem = re.sub(r"\W", "_", path.stem)
    module = f"bench_plugin_{stem}_{content}"
    for earlier in [plugin for plugin in loaded() if plugin.file == path and plugin.module != module]:
        unload(earlier)  # the file was changed since
    FILES[module] = Origin(f"file {path}", content, {path.name: source})
    return add(Plugin(name, module, path, source), lambda: _run(module, path, source))


def _run(module: str, path: Path, source: bytes) -> None:
    plugin = ModuleType(module)
    plugin.__file__ = str(path)
    sys.modules[module] = plugin
    text = source.decode(errors="replace")
    linecache.cache[str(path)] = (len(source), None, text.splitlines(keepends=True), str(path))
    exec(compile(source, str(path), "exec"), plugin.__dict__)
