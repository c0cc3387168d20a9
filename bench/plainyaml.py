"""YAML as people mean it: by the rules of YAML 1.2 `1e-4` is a number, `on` and `10:30` are words; no key twice.

>>> load("lr: 1e-4\\nratios: 0.1-0.9\\nat: 10:30\\nname: no", where="example")
{'lr': 0.0001, 'ratios': '0.1-0.9', 'at': '10:30', 'name': 'no'}
"""

import math
import re
from typing import Any, ClassVar

import yaml

from bench.errors import UsageError

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


class _Loader(yaml.SafeLoader):
    """PyYAML reads YAML 1.1: its rules for plain words are replaced."""

    yaml_implicit_resolvers: ClassVar[dict[str, Any]] = {}  # type: ignore[misc]  # what its stub says is wrong

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        seen = set()
        for key, _ in node.value:
            if key.value in seen:
                raise yaml.constructor.ConstructorError(
                    problem=f"{key.value!r} is given twice", problem_mark=key.start_mark
                )
            seen.add(key.value)
        return super().construct_mapping(node, deep)


class _Dumper(yaml.SafeDumper):
    """Quotes whatever `_Loader` would read as something else."""

    yaml_implicit_resolvers: ClassVar[dict[str, Any]] = {}  # type: ignore[misc]  # what its stub says is wrong

    def ignore_aliases(self, data: Any) -> bool:
        return True


for _class in (_Loader, _Dumper):
    for _tag, _pattern, _first in _SCALARS:
        _class.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(f"(?:{_pattern})$"), _first)
_Loader.add_constructor("tag:yaml.org,2002:int", lambda loader, node: int(node.value))
_Loader.add_constructor("tag:yaml.org,2002:float", lambda loader, node: _number(node.value))
_Dumper.add_representer(float, lambda dumper, value: dumper.represent_scalar("tag:yaml.org,2002:float", _text(value)))


def _number(text: str) -> float:
    word = text.lower().replace(".inf", "inf").replace(".nan", "nan")
    return float(word)


def _text(value: float) -> str:
    """The shortest text that reads back as this float."""
    if math.isfinite(value):
        return repr(value)
    return ".nan" if math.isnan(value) else ".inf" if value > 0 else "-.inf"


def load(text: str, where: str) -> Any:
    """The data of a YAML text; `where` names it in errors."""
    try:
        return yaml.load(text, _Loader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f", line {mark.line + 1}" if mark else ""
        reason = getattr(error, "problem", None) or " ".join(str(error).split())
        raise UsageError(f"{where} is not YAML that can be read{place}: {reason}.") from None


def dump(data: Any) -> str:
    """YAML that `load` reads back as the same data, keys in the given order, innermost ones on one line."""
    return yaml.dump(data, Dumper=_Dumper, sort_keys=False, allow_unicode=True, default_flow_style=None, width=110)
