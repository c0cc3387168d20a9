"""A sweep as a file: `bench run sweep.yaml`. Its keys are the flags of `bench run`, and `set` and `grid`.

methods: [trm_ml, asl]
ratios: 0.1-0.9
seeds: 0-2
set:
  asl: {lr: 1e-3}
  scenes: {world: 7}
grid:
  trm_ml: {lr: [1e-4, 2e-4]}
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.errors import UsageError
from bench.settings.plain_yaml import dump, load
from bench.settings.plain_yaml import read as read_yaml
from bench.system.wording import nearest, shown, unquoted

SET_KEY, GRID_KEY = "set", "grid"


@dataclass(frozen=True)
class SweepFile:
    """What a file says.

    flags: by flag (`tracking-uri`), as it would be typed after it; True or False for a switch.
    settings: `{name: {option: value}}`, as for `--set`. grid: `{method: {option: [value, ...]}}`, as for `--grid`.
    """

    flags: Mapping[str, str | bool] = field(default_factory=dict)
    settings: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    grid: Mapping[str, Mapping[str, Sequence[Any]]] = field(default_factory=dict)

    def of(self, methods: Collection[str]) -> "SweepFile":
        """Without the settings of methods that the command line leaves out."""
        own = str(self.flags.get("methods", "")).split(",")
        others = {name.strip() for name in own} - set(methods)
        settings, grid = (
            {name: options for name, options in table.items() if name not in others}
            for table in (self.settings, self.grid)
        )
        return SweepFile(self.flags, settings, grid)


def read_sweep_file(path: Path, flags: Collection[str]) -> SweepFile:
    """The file at `path`; `flags` are those that it may give."""
    return _sweep(read_yaml(path, str(path), "a YAML file with the sweep"), str(path), flags)


def parse_sweep_file(text: str, where: str, flags: Collection[str]) -> SweepFile:
    """The sweep that a YAML text says; `where` names it in errors.

    >>> parse_sweep_file("methods: [asl, trm_ml]\\nlive: true", "sweep.yaml", {"methods", "ratios", "live"}).flags
    {'methods': 'asl,trm_ml', 'live': True}
    """
    return _sweep(load(text, where), where, flags)


def _sweep(content: Any, where: str, flags: Collection[str]) -> SweepFile:
    if not isinstance(content, dict) or not content:
        raise UsageError(f"{where} must say FLAG: VALUE, for instance `methods: [asl]`; it holds {_kind(content)}.")
    given: dict[str, str | bool] = {}
    for key, value in content.items():
        flag = key.replace("_", "-")
        if flag in (SET_KEY, GRID_KEY):
            continue
        if flag not in flags:
            raise UsageError(f"{where}: there is no key {shown(key)}; {nearest(flag, [*flags, SET_KEY, GRID_KEY])}")
        if flag in given:
            raise UsageError(f"{where}: {shown(flag)} is given twice.")
        given[flag] = _typed_text(flag, value, where)
    return SweepFile(given, _options(content.get(SET_KEY), SET_KEY, where), _axes(content.get(GRID_KEY), where))


def _kind(value: Any) -> str:
    names = {dict: "no key at all", list: "a list", type(None): "nothing", str: "text"}
    return names.get(type(value), shown(value))


def _typed_text(flag: str, value: Any, where: str) -> str | bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, (str, int, float)) and str(value).strip():
        return str(value)
    if (
        isinstance(value, list)
        and value
        and all(type(item) in (str, int, float) and str(item).strip() for item in value)
    ):
        return ",".join(map(str, value))
    text = "empty" if value in (None, "", []) else shown(value)
    raise UsageError(f"{where}: {flag} is {text}; give a word, a number or a list of them, or leave the line out.")


def _options(content: Any, key: str, where: str) -> dict[str, dict[str, Any]]:
    """`{name: {option: value}}` with plain values."""
    if content is None:
        return {}
    shape = f"{where}: {key} must say NAME: {{OPTION: VALUE}}, for instance asl: {{lr: 1e-3}}"
    if not isinstance(content, dict):
        raise UsageError(f"{shape}; it holds {shown(content)}.")
    for name, options in content.items():
        if not isinstance(options, dict) or not options:
            raise UsageError(f"{shape}; {shown(name)} holds {shown(options)}.")
        for option, value in options.items():
            if value is None or isinstance(value, dict):
                raise UsageError(f"{shape}; {unquoted(f'{name}.{option}')} holds {shown(value)}.")
    return {name: dict(options) for name, options in content.items()}


def _axes(content: Any, where: str) -> dict[str, dict[str, list[Any]]]:
    axes = _options(content, GRID_KEY, where)
    for method, options in axes.items():
        for option, value in options.items():
            if not isinstance(value, list) or not value or None in value:
                axis = unquoted(f"{method}.{option}")
                raise UsageError(f"{where}: grid {axis} must be a list of values; it holds {shown(value)}.")
    return axes


def merged(
    first: Mapping[str, Mapping[str, Any]], second: Mapping[str, Mapping[str, Any]]
) -> dict[str, dict[str, Any]]:
    """Options by name, those of `second` where both have one.

    >>> merged({"asl": {"lr": 1, "epochs": 2}}, {"asl": {"lr": 3}, "scenes": {"world": 4}})
    {'asl': {'lr': 3, 'epochs': 2}, 'scenes': {'world': 4}}
    """
    names = dict.fromkeys([*first, *second])
    return {name: {**first.get(name, {}), **second.get(name, {})} for name in names}


def render_sweep_file(sweep: SweepFile, heading: str = "") -> str:
    """YAML that `parse_sweep_file` reads back as the same sweep."""
    content: dict[str, Any] = {flag: _scalar(value) for flag, value in sweep.flags.items()}
    for key, table in ((SET_KEY, sweep.settings), (GRID_KEY, sweep.grid)):
        if table:
            content[key] = {
                name: {option: _scalar(value) for option, value in options.items()} for name, options in table.items()
            }
    lines = [f"# {line}".rstrip() for line in heading.splitlines()]
    return "\n".join([*lines, dump(content)])


def _scalar(value: Any) -> Any:
    """Text that is exactly a number or a truth value as that, so that it stands in the file without quotes."""
    if isinstance(value, (list, tuple)):
        return [_scalar(item) for item in value]
    if not isinstance(value, str):
        return value
    for kind in (int, float):
        try:
            number = kind(value)
        except ValueError:
            continue
        if str(number) == value and load(value, "value") == number:
            return number
    return {"true": True, "false": False}.get(value, value)
