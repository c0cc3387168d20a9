"""Pages of documentation on methods: one for each family, one of settings that methods share, and an index."""

import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from bench.planning.catalogue import needs, protocols_of
from bench.planning.catalogue_lines import short_reference
from bench.planning.recipes import all_recipes
from bench.settings.registry import describe
from methods import METHODS, Method, MethodConfig
from methods.families import FAMILIES
from protocols import PROTOCOLS

COMMAND = "bench ls methods --markdown docs/methods"
SETTINGS_PAGE = "settings.md"

HEAD = f"""# Methods

Every method that `bench run --methods` knows. These pages are generated: `{COMMAND}`.

"Needs" lists what a method requires with its default settings: *text* is a backbone with a text tower; *tokens* are the
image's dense features (without them a method reads one vector per image); *negatives* are labels known to be negative:
under a protocol that gives none, `bench run` leaves such a method out and says so. *All labels* marks a ceiling, which
is trained on the full labels.

A recipe with the name of a backbone was chosen for it, and is used on it without being asked for; `paper` is used on
backbones that have none. `tiny_clip` is what `bench tune` chose for that backbone with the same number of trials for
every method, and `embedded` is what it started from. All are applied on top of the defaults.
"""
SHARED_SETTINGS = """# Settings that methods share

A method's section lists its own settings, and shared ones whose default it changes. Any of them is set with
`--set METHOD.SETTING=VALUE`.
"""


def method_pages() -> dict[str, str]:
    """Markdown by file name: `index.md`, `settings.md`, and a page for each family that has methods."""
    methods = [METHODS.get(name) for name in METHODS.names() if METHODS.get(name).family in FAMILIES]
    families = {family: [m for m in methods if m.family == family] for family in FAMILIES}
    pages = {f"{family}.md": _family_page(family, members) for family, members in families.items() if members}
    return {"index.md": _index(families), **pages, SETTINGS_PAGE: _settings_page(methods)}


def _index(families: Mapping[str, list[type[Method]]]) -> str:
    columns = ("method", "what", "needs", "reference")
    parts = [HEAD]
    for family, members in families.items():
        title, about = FAMILIES[family]
        parts += [f"## {title}", about, _table(columns, (_line(method, f"{family}.md") for method in members))]
    listed = "\n".join([*families, SETTINGS_PAGE.removesuffix(".md")])
    return _joined([*parts, f"```{{toctree}}\n:hidden:\n\n{listed}\n```"])


def _family_page(family: str, members: Iterable[type[Method]]) -> str:
    title, about = FAMILIES[family]
    sections = (part for method in members for part in _section(method))
    return _joined([f"# {title}", about, *sections])


def _settings_page(methods: Iterable[type[Method]]) -> str:
    shared = sorted({base for method in methods for base in _shared_bases(method)}, key=_depth)
    return _joined([SHARED_SETTINGS, *(part for config in shared for part in _shared_section(config))])


def _joined(parts: Iterable[str]) -> str:
    return "\n\n".join(part.strip() for part in parts) + "\n"


def _line(method: type[Method], page: str) -> tuple[str, ...]:
    link = f"[{method.name}]({page}#{method.name})" + "".join(f" ({flag})" for flag in method.flags)
    return link, describe(method), ", ".join(needs(method)), short_reference(method.reference)


def _section(method: type[Method]) -> list[str]:
    every = len(protocols_of(method)) == len(PROTOCOLS.names())
    about = {
        "Reference": method.reference,
        "Source": f"{method.source}; its licence: {method.licence}" if method.source else "",
        "Equation": f"`{method.equation}`",
        "Needs": ", ".join(needs(method)) or "nothing but images" if method.reads_images else "nothing but labels",
        "Protocols": "all" if every else ", ".join(f"`{name}`" for name in protocols_of(method)),
        "Defaults": method.defaults_from,
        "Note": method.note,
    }
    if method.labels != "observed":
        about["Protocols"] = (
            "all (it is given every label)" if method.labels == "full" else "all (it is given no label)"
        )
    lines = "\n".join(f"* **{name}**: {text}" for name, text in about.items() if text)
    recipes = [f"* recipe `{name}`: {_settings(fields)}" for name, fields in all_recipes(method).items()]
    own = _options(method.Config, _nearest_shared(method))
    return [f"## {method.name}", describe(method), "\n".join([lines, *recipes]), *([own] if own else [])]


def _shared_section(config: type[MethodConfig]) -> Iterator[str]:
    parent = next((base for base in config.__mro__[1:] if _is_shared(base)), None)
    yield from (f"## {config.__name__}", describe(config), _options(config, parent))


def _is_shared(config: type) -> bool:
    """Whether a config class stands beside the contract (methods/*.py) and not in one method's own file or package."""
    return dataclasses.is_dataclass(config) and config.__module__.count(".") == 1 and issubclass(config, MethodConfig)


def _shared_bases(method: type[Method]) -> list[type[MethodConfig]]:
    return [base for base in method.Config.__mro__ if _is_shared(base)]


def _nearest_shared(method: type[Method]) -> type[MethodConfig]:
    return _shared_bases(method)[0]


def _depth(config: type[MethodConfig]) -> tuple[int, str]:
    return len(config.__mro__), config.__name__


def _options(config: type[MethodConfig], base: type[MethodConfig] | None) -> str:
    """A table of the settings that `base` does not have, or has with another default; "" if there are none."""
    known = {field.name: field.default for field in dataclasses.fields(base)} if base else {}
    rows = [
        (f"`{field.name}`", f"`{_value(field.default)}`", field.metadata["help"])
        for field in dataclasses.fields(config)
        if field.name not in known or known[field.name] != field.default
    ]
    inherits = ""
    if base and base is not config:
        inherits = f"Further settings: [`{base.__name__}`]({SETTINGS_PAGE}#{base.__name__.lower()})."
    if not rows:
        return inherits
    return "\n\n".join(part for part in (_table(("setting", "default", "what"), rows), inherits) if part)


def _settings(fields: Mapping[str, Any]) -> str:
    return ", ".join(f"`{name}={_value(value)}`" for name, value in fields.items()) or "the defaults"


def _value(value: Any) -> str:
    return str(value) if value != "" else '""'


def _table(columns: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    columns = list(columns)
    lines = [columns, ["---"] * len(columns), *([cell.replace("|", "\\|") for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
