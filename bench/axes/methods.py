"""A method with the settings of a cell, looked up and checked once."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bench.axes.components import component_of, options_of
from bench.records.component import Component
from bench.settings.conversion import build
from methods import METHODS, Method, MethodConfig


@dataclass(frozen=True)
class ResolvedMethod:
    """A method's class, its typed settings, and the component that stands for both in a cell."""

    method: type[Method]
    config: MethodConfig
    component: Component

    @property
    def name(self) -> str:
        return self.method.name

    @property
    def needs_dense(self) -> bool:
        """Whether it reads tokens, with these settings."""
        return self.method.needs_dense(self.config)


def configured_method(name: str, settings: Mapping[str, Any]) -> ResolvedMethod:
    """The method with these settings on top of its defaults; UsageError if they are not allowed."""
    method = METHODS.get(name)
    config = build(method.Config, settings, owner=name)
    return ResolvedMethod(method, config, component_of(METHODS, name, config))


def resolved_method(component: Component) -> ResolvedMethod:
    """The method of a cell."""
    method = METHODS.get(component.name)
    return ResolvedMethod(method, options_of(component, method.Config), component)
