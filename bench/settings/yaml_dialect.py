"""The part of YAML 1.2 that is read and written: `1e-4` is a number, `on` and `10:30` are words; no key twice.

It is the data of a small file and nothing else: no anchors and aliases, no tags, keys are words, and depth and numbers
are bounded, so that no text can take long or much memory.
"""

import math
import re
from typing import Any, ClassVar

import yaml

from bench.system.wording import shown

DEPTH_LIMIT = 16
"""Lists and mappings inside each other; a sweep has four."""

NUMBER_LIMIT = 100
"""Characters of a number; more is a slip, and Python's own limits lie not far beyond."""

_SCALARS = (
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("bool", r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    ("int", r"[-+]?[0-9]+", list("-+0123456789")),
    (
        "float",
        r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)",
        list("-+.0123456789"),
    ),
)
"""The core schema of YAML 1.2, without its octal and hexadecimal numbers, which no setting here is written in."""


def _refusal(problem: str, event: Any) -> yaml.MarkedYAMLError:
    return yaml.MarkedYAMLError(problem=problem, problem_mark=event.start_mark)


class PlainLoader(yaml.SafeLoader):
    """PyYAML reads YAML 1.1: its rules for plain words are replaced, and what a small file does not need is refused."""

    yaml_implicit_resolvers: ClassVar[dict[str, Any]] = {}  # type: ignore[misc]  # what its stub says is wrong
    depth = 0

    def compose_node(self, parent: Any, index: Any) -> Any:
        event: Any = self.peek_event()  # type: ignore[no-untyped-call]
        if isinstance(event, yaml.AliasEvent) or event.anchor is not None:
            raise _refusal("anchors and aliases (& and *) are not read; write the value itself", event)
        if event.tag is not None:
            raise _refusal("tags (!) are not read; write the value alone", event)
        self.depth += 1
        if self.depth > DEPTH_LIMIT:
            raise _refusal(f"lists and mappings lie more than {DEPTH_LIMIT} deep", event)
        node = super().compose_node(parent, index)
        self.depth -= 1
        return node

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        keys = set()
        for key, _ in node.value:
            if key.tag != "tag:yaml.org,2002:str":
                text = shown(key.value) if isinstance(key.value, str) else "a list or a mapping"
                raise _refusal(f"a key is a word, which {text} is not", key)
            if key.value in keys:
                raise _refusal(f"{shown(key.value)} is given twice", key)
            keys.add(key.value)
        return super().construct_mapping(node, deep)


class PlainDumper(yaml.SafeDumper):
    """Quotes whatever `PlainLoader` would read as something else."""

    yaml_implicit_resolvers: ClassVar[dict[str, Any]] = {}  # type: ignore[misc]  # what its stub says is wrong

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _number(node: Any) -> int | float:
    if len(node.value) > NUMBER_LIMIT:
        raise _refusal(f"a number of {len(node.value):,} characters is too long; at most {NUMBER_LIMIT} are read", node)
    if node.tag.endswith(":int"):
        return int(node.value)
    return float(node.value.lower().replace(".inf", "inf").replace(".nan", "nan"))


for _class in (PlainLoader, PlainDumper):
    for _tag, _pattern, _first in _SCALARS:
        _class.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(f"(?:{_pattern})$"), _first)
for _tag in ("int", "float"):
    PlainLoader.add_constructor(f"tag:yaml.org,2002:{_tag}", lambda loader, node: _number(node))
PlainDumper.add_representer(
    float, lambda dumper, value: dumper.represent_scalar("tag:yaml.org,2002:float", _text(value))
)


def _text(value: float) -> str:
    """The shortest text that reads back as this float."""
    if math.isfinite(value):
        return repr(value)
    return ".nan" if math.isnan(value) else ".inf" if value > 0 else "-.inf"
