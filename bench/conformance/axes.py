"""Properties by axis, and the entries that a file or a name stands for."""

from collections.abc import Iterator
from typing import Any

from bench.backbones import BACKBONES
from bench.conformance import backbones, datasets, protocols
from bench.conformance.methods import PROPERTIES as METHOD_PROPERTIES
from bench.conformance.properties import Property
from bench.data import DATASETS
from bench.errors import UsageError
from bench.settings.plugins import broken, load_plugins
from bench.settings.registry import Registry
from bench.system.wording import nearest, shown
from methods import METHODS
from protocols import PROTOCOLS

TESTED: dict[str, tuple[Registry[Any], list[Property]]] = {
    "method": (METHODS, METHOD_PROPERTIES),
    "protocol": (PROTOCOLS, protocols.PROPERTIES),
    "dataset": (DATASETS, datasets.PROPERTIES),
    "backbone": (BACKBONES, backbones.PROPERTIES),
}


def properties_of(kind: str) -> list[Property]:
    return TESTED[kind][1]


def entries_of(name: str) -> Iterator[tuple[str, Any]]:
    """(kind, class) of all that a plugin file adds, or of each axis that has an entry of this name."""
    if name.endswith(".py"):
        loaded = load_plugins([name])
        if not loaded:
            raise UsageError(f"the plugin {name} could not be loaded: {broken()[name]}")
        for kind, names in loaded[0].entries.items():
            if kind in TESTED:
                yield from ((kind, TESTED[kind][0].get(name)) for name in names)
        return
    entries = [(kind, registry.get(name)) for kind, (registry, _) in TESTED.items() if name in registry.names()]
    if not entries:
        problems = [registry.broken()[name] for registry, _ in TESTED.values() if name in registry.broken()]
        if problems:
            raise UsageError(f"{shown(name)} could not be imported: {problems[0]}")
        every = sorted({name for registry, _ in TESTED.values() for name in registry.names()})
        raise UsageError(
            f"there is nothing called {shown(name)}; give a file (NAME.py) or a name, {nearest(name, every)}"
        )
    yield from entries
