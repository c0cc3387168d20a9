"""A component is one axis of a cell by its name, version, options and content."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Component:
    """One axis of a cell, fully resolved: no default is left implicit.

    fingerprint: the content hash of what the name stands for, where there is content
    (labels and image list of a dataset, weights of a backbone, files of a protocol).
    paths: options that say where such content lies on this machine; they are no part of what the component is.
    plugin: the hash of the source of the plugin that defines it; empty for what is built in.
    """

    name: str
    version: int = 1
    options: Mapping[str, Any] = field(default_factory=dict)
    fingerprint: str = ""
    paths: Mapping[str, str] = field(default_factory=dict, compare=False)
    plugin: str = ""

    def __hash__(self) -> int:
        return hash(canonical_json(self.to_json()))

    def to_json(self) -> dict[str, Any]:
        plain = {"name": self.name, "version": self.version, "options": dict(self.options)}
        # Said only where there is one, so that the keys of built-in cells are what they were.
        plugin = {"plugin": self.plugin} if self.plugin else {}
        return {**plain, "fingerprint": self.fingerprint, **plugin}


PLAIN_FEED = Component("plain")
"""The feed of a cell without another: features of the plain images, from the cache."""


def canonical_json(data: Any) -> str:
    """One text for equal data: sorted keys, no spaces, no NaN."""
    return json.dumps(data, sort_keys=True, separators=(",", ":"), allow_nan=False)
