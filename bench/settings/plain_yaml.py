"""YAML as people mean it: by the rules of YAML 1.2 `1e-4` is a number, `on` and `10:30` are words; no key twice.

It is the data of a small file and nothing else: no anchors and aliases, no tags, keys are words, and size, depth and
numbers are bounded, so that no text can take long or much memory.

>>> load("lr: 1e-4\\nratios: 0.1-0.9\\nat: 10:30\\nname: no", where="example")
{'lr': 0.0001, 'ratios': '0.1-0.9', 'at': '10:30', 'name': 'no'}
"""

import math
import re
from pathlib import Path
from typing import Any, ClassVar

import yaml

from bench.errors import UsageError
from bench.system.wording import shown

TEXT_LIMIT = 200_000
"""Characters of a text. Sweeps and search spaces have a few hundred; PyYAML reads about 100,000 a second."""

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


class _Loader(yaml.SafeLoader):
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


class _Dumper(yaml.SafeDumper):
    """Quotes whatever `_Loader` would read as something else."""

    yaml_implicit_resolvers: ClassVar[dict[str, Any]] = {}  # type: ignore[misc]  # what its stub says is wrong

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _number(node: Any) -> int | float:
    if len(node.value) > NUMBER_LIMIT:
        raise _refusal(f"a number of {len(node.value):,} characters is too long; at most {NUMBER_LIMIT} are read", node)
    if node.tag.endswith(":int"):
        return int(node.value)
    return float(node.value.lower().replace(".inf", "inf").replace(".nan", "nan"))


for _class in (_Loader, _Dumper):
    for _tag, _pattern, _first in _SCALARS:
        _class.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(f"(?:{_pattern})$"), _first)
for _tag in ("int", "float"):
    _Loader.add_constructor(f"tag:yaml.org,2002:{_tag}", lambda loader, node: _number(node))
_Dumper.add_representer(float, lambda dumper, value: dumper.represent_scalar("tag:yaml.org,2002:float", _text(value)))


def _text(value: float) -> str:
    """The shortest text that reads back as this float."""
    if math.isfinite(value):
        return repr(value)
    return ".nan" if math.isnan(value) else ".inf" if value > 0 else "-.inf"


def read(path: Path, where: str, give: str) -> Any:
    """The data of a file; `where` names it in errors, `give`: what the error recommends in its place."""
    try:
        with path.open(encoding="utf-8") as file:
            text = file.read(TEXT_LIMIT + 1)
    except OSError as error:
        raise UsageError(f"{where} cannot be read ({error.strerror}); give {give}.") from None
    except UnicodeDecodeError:
        raise UsageError(f"{where} is no text; give {give}.") from None
    return load(text, where)


def load(text: str, where: str) -> Any:
    """The data of a YAML text; `where` names it in errors, each of which is one sentence with the line."""
    if len(text) > TEXT_LIMIT:
        raise UsageError(f"{where} is too long: at most {TEXT_LIMIT:,} characters are read; give a shorter file.")
    line = 0
    try:
        loader = _Loader(text)
        try:
            return loader.get_single_data()
        except (ValueError, OverflowError) as error:  # PyYAML's own slips, for instance on "\UFFFFFFFF"
            line, reason = loader.line, str(error)
    except yaml.reader.ReaderError as error:
        line, reason = text.count("\n", 0, error.position), f"it holds the character {error.character:#06x}"
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, reason = mark.line if mark else 0, error.problem or error.context or "it is not complete"
    reason = " ".join(reason.split())
    if len(reason) > 200:
        reason = f"{reason[:180]} ..."
    raise UsageError(f"{where} is not YAML that can be read, line {line + 1}: {reason}.")


def dump(data: Any) -> str:
    """YAML that `load` reads back as the same data, keys in the given order, innermost ones on one line."""
    return yaml.dump(data, Dumper=_Dumper, sort_keys=False, allow_unicode=True, default_flow_style=None, width=110)
