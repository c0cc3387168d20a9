"""What is registered, and what methods need, in words: for `bench ls` and for docs/methods.md."""

import dataclasses
import itertools
import re
from collections.abc import Iterable, Mapping
from typing import Any

from bench.planning.recipes import all_recipes
from bench.settings.config import values
from bench.settings.registry import describe
from methods import METHODS, Method, MethodConfig
from protocols import PROTOCOLS

COMMAND = "bench ls methods --markdown > docs/methods.md"

HEAD = f"""# Methods

Every method that `bench run --methods` knows. This page is generated: `{COMMAND}`.

"Needs" says what a method cannot do without, with its default settings: *text* is a backbone with a text tower,
*tokens* are the image's dense features (without them it reads one vector an image), *negatives* are labels known to be
negative: under a protocol that gives none, `bench run` leaves such a method out and says so. *All labels* marks a
ceiling, which is trained on the full labels. `paper` recipes are used wherever the backbone is not the embedded one;
`embedded` recipes are used there and were chosen on its training images. Both come on top of the defaults.
"""


def needs(method: type[Method]) -> list[str]:
    """What the method needs with its default settings."""
    config = method.Config()
    facts = {
        "text": method.text,
        "tokens": method.reads_images and method.needs_dense(config),
        "negatives": method.labels == "observed" and method.needs_negatives(config),
        "all labels": method.labels == "full",
    }
    return [need for need, holds in facts.items() if holds]


def protocols_of(method: type[Method]) -> list[str]:
    """The protocols under which the method runs with its default settings."""
    strict = "negatives" in needs(method)
    return [name for name in PROTOCOLS.names() if PROTOCOLS.get(name).negatives or not strict]


def short_reference(reference: str) -> str:
    """Authors and place, without the title.

    >>> short_reference("Ridnik et al., Asymmetric Loss, Part 1, ICCV 2021, in its code; and more")
    'Ridnik et al., ICCV 2021'
    """
    authors, *others = reference.split(";")[0].split(", ")
    places = [part for part in others if re.search(r"\d{4}", part)]
    return ", ".join([authors, *places[-1:]])


def about(method: type[Method]) -> dict[str, Any]:
    """One line's worth."""
    return {
        "name": method.name,
        "what": describe(method),
        "needs": needs(method),
        "labels": method.labels,
        "flags": list(method.flags),
        "reference": method.reference,
        "protocols": protocols_of(method),
        "defaults_from": method.defaults_from,
    }


def details(method: type[Method]) -> dict[str, Any]:
    """All there is to say, but for the options."""
    return {
        **about(method),
        "equation": method.equation,
        "note": method.note,
        "recipes": all_recipes(method),
    }


def lines(row: Mapping[str, Any]) -> list[str]:
    """A row of `about` as lines: what a method is, its source, needs and protocols, where its defaults come from."""
    protocols = "those with known negatives" if "negatives" in row["needs"] else "all"
    needed = ", ".join(row["needs"]) or "nothing"
    origin = "" if row["from"] == "built in" else f"; from {row['from']}"
    facts = f"{short_reference(row['reference'])}; needs {needed}; protocols: {protocols}"
    return [row["what"], facts, f"defaults: {row['defaults_from']}{origin}"]


def about_any(entry: Any) -> dict[str, Any]:
    """One line's worth of what is no method."""
    return {"name": entry.name, "what": describe(entry), "options": values(entry.Options())}


def reference(entry: Any) -> dict[str, Any]:
    """The paper or file that it is from, if it says so."""
    return {"reference": getattr(entry, "reference", "")}


def methods_page() -> str:
    """docs/methods.md: a table, what methods share, and a section for each."""
    methods = [METHODS.get(name) for name in METHODS.names()]
    shared = sorted({base for method in methods for base in _shared_bases(method)}, key=_depth)
    parts = [
        HEAD,
        _table(("method", "what", "needs", "reference"), map(_line, methods)),
        "## Settings that methods share\n\nA method's section lists its own settings, and shared ones whose default "
        "it changes. Any of them is set with `--set METHOD.SETTING=VALUE`.",
        *itertools.chain.from_iterable(map(_shared_section, shared)),
        *itertools.chain.from_iterable(map(_section, methods)),
    ]
    return "\n\n".join(part.strip() for part in parts) + "\n"


def _line(method: type[Method]) -> tuple[str, ...]:
    link = f"[{method.name}](#{method.name})" + "".join(f" ({flag})" for flag in method.flags)
    return link, describe(method), ", ".join(needs(method)), short_reference(method.reference)


def _section(method: type[Method]) -> list[str]:
    every = len(protocols_of(method)) == len(PROTOCOLS.names())
    about = {
        "Reference": method.reference,
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


def _shared_section(config: type[MethodConfig]) -> list[str]:
    parent = next((base for base in config.__mro__[1:] if _is_shared(base)), None)
    return [f"### {config.__name__}", describe(config), _options(config, parent)]


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
    inherits = (
        f"Further settings: [`{base.__name__}`](#{base.__name__.lower()})." if base and base is not config else ""
    )
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
