"""A component and its typed options: what a registered class and its settings are in a cell, and back."""

from collections.abc import Mapping
from typing import Any, TypeVar

from bench.records.component import Component
from bench.settings.conversion import build, keyed_values
from bench.settings.registry import Registry
from protocols import PROTOCOLS, paths_of

Options = TypeVar("Options")


def component_of(registry: Registry[Any], name: str, options: Any) -> Component:
    """The component of a registered name; files that its options name count by content, not by path."""
    kind, paths = registry.get(name), paths_of(options)
    return Component(
        name,
        kind.version,
        options={option: value for option, value in keyed_values(options).items() if option not in paths},
        fingerprint=kind.fingerprint(options),
        paths=paths,
        plugin=registry.plugin(name),
    )


def options_of(component: Component, options: type[Options]) -> Options:
    """The typed options of a component, with the places of its files; inverse of `component_of`."""
    return build(options, {**component.options, **component.paths}, owner=component.name)


def protocol_component(name: str, overrides: Mapping[str, Mapping[str, Any]]) -> Component:
    """A protocol with all its options."""
    options: Any = build(PROTOCOLS.get(name).Options, overrides.get(name, {}), owner=name)
    return component_of(PROTOCOLS, name, options)
