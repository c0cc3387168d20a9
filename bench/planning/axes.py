"""The axes that `bench ls` lists: a new one is one line here. Nothing is imported before it is needed."""

import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from bench.settings.registry import Registry


@dataclass(frozen=True)
class Axis:
    """Names `module:object`, imported when they are used.

    registry: of the axis. about: one entry as a row, its columns by name. details: further facts about it.
    lines: the row as lines of text, for an axis that is too wide for columns. pages: all entries as pages. value: what
    sets a value apart in a written name, as in `r@5`.
    """

    registry: str
    about: str = "bench.planning.catalogue:about_any"
    details: str = ""
    lines: str = ""
    pages: str = ""
    value: str = ""

    def name(self, written: str) -> str:
        """The entry's own name in what a command takes."""
        return written.partition(self.value)[0] if self.value else written

    @property
    def entries(self) -> Registry[Any]:
        registry: Registry[Any] = pkgutil.resolve_name(self.registry)
        return registry

    def row(self, name: str) -> dict[str, Any]:
        """One entry as plain data, with where it comes from."""
        about: Callable[[Any], dict[str, Any]] = pkgutil.resolve_name(self.about)
        return {**about(self.entries.get(name)), "from": self.entries.origin(name).text}

    def more(self, name: str) -> Mapping[str, Any]:
        """What `row` leaves out."""
        return pkgutil.resolve_name(self.details)(self.entries.get(name)) if self.details else {}


_CATALOGUE = "bench.planning.catalogue"

AXES = {
    "methods": Axis(
        "methods:METHODS",
        about=f"{_CATALOGUE}:about",
        details=f"{_CATALOGUE}:details",
        lines="bench.planning.catalogue_lines:lines",
        pages="bench.planning.method_pages:method_pages",
    ),
    "datasets": Axis("bench.data:DATASETS", details=f"{_CATALOGUE}:default_backbone"),
    "protocols": Axis("protocols:PROTOCOLS", details=f"{_CATALOGUE}:reference"),
    "backbones": Axis("bench.backbones:BACKBONES"),
    "feeds": Axis("bench.features.feeds:FEEDS"),
    "augmentations": Axis("bench.features.augmentation:AUGMENTATIONS", details=f"{_CATALOGUE}:reference"),
    "metrics": Axis(
        "bench.metrics:FURTHER_METRICS",
        about=f"{_CATALOGUE}:about_metric",
        details=f"{_CATALOGUE}:reference",
        lines="bench.planning.catalogue_lines:metric_lines",
        value="@",
    ),
}
