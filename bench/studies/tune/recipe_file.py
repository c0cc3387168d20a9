"""The recipe file that a tuning writes: settings by method, and in the table `tuned` how they were chosen."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bench.errors import UsageError
from bench.planning.recipes import MADE_BY_TUNE, read_recipe_file
from bench.records.component import canonical_json
from bench.settings.conversion import build, values
from bench.studies.tune.outcome import Tuning, heldout_sd
from methods import METHODS

HEADING = """# Written by `bench tune`; do not edit: the same command writes it again.
# `bench run --recipe FILE` takes these settings. [tuned] says how they were chosen.
"""
CHOSEN, KEPT, ALL_FAILED = "chosen", "as they were", "as they were: no trial completed"


def render_recipe_file(
    backbone: str, how: Mapping[str, Any], tunings: Sequence[Tuning], left_out: Mapping[str, str]
) -> str:
    """TOML. how: command, budget and the like. left_out: why methods have no settings here, by method."""
    parts = [HEADING, f"backbone = {_toml(backbone)}\n"]
    parts.append(_table((MADE_BY_TUNE,), {**how, "space": space_fingerprint(tunings)}))
    if left_out:
        parts.append(_table((MADE_BY_TUNE, "left_out"), left_out))
    parts += [_table((MADE_BY_TUNE, "methods", one.method), _facts(one)) for one in tunings]
    parts += [_table((one.method,), _lasting(one.method, one.after)) for one in tunings]
    return "\n".join(parts)


def space_fingerprint(tunings: Sequence[Tuning]) -> str:
    """A hash of what could be drawn for each method: equal for two files if, and only if, the spaces were equal."""
    spaces = {one.method: dict(one.space) for one in tunings}
    return hashlib.sha256(canonical_json(spaces).encode()).hexdigest()[:16]


def refuse_other_files(path: Path) -> None:
    """UsageError for a path whose file no tuning has written."""
    if not path.name.endswith(".toml"):
        raise UsageError(f"--out {path} does not end in .toml, by which --recipe knows a file; give such a name.")
    if path.exists() and not read_recipe_file(path).tuned:
        raise UsageError(f"--out {path}: that file was not written by `bench tune`; give another name.")


def _facts(one: Tuning) -> dict[str, Any]:
    """The facts of a method; missing numbers are left out."""
    chosen, first = one.chosen, one.at(1)
    if chosen is None:
        return {"settings": ALL_FAILED, "trials": len(one.trials), "finished": 0, "search": one.search}
    facts = {
        "settings": KEPT if chosen is one.trials[0] else CHOSEN,
        "heldout_mAP": round(chosen.value or 0.0, 2),
        "heldout_sd": _rounded(heldout_sd(chosen)),
        "heldout_mAP_as_they_were": _rounded(first),
        "trials": len(one.trials),
        "finished": one.finished,
        "trial": chosen.number,
        "search": one.search,
    }
    return {name: fact for name, fact in facts.items() if fact is not None}


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 2)


def _lasting(method: str, settings: Mapping[str, Any]) -> dict[str, Any]:
    """The settings without those that are None, for which TOML has no value: they are the method's default."""
    lasting = {option: value for option, value in settings.items() if value is not None}
    config_class = METHODS.get(method).Config
    if values(build(config_class, lasting, owner=method)) != values(build(config_class, settings, owner=method)):
        lost = ", ".join(sorted(set(settings) - set(lasting)))
        raise UsageError(f"settings of {method} cannot be written down: {lost} is none, and not by default.")
    return lasting


def _table(path: Sequence[str], content: Mapping[str, Any]) -> str:
    name = ".".join(part if part.replace("_", "").isalnum() and part.isascii() else _toml(part) for part in path)
    return "\n".join([f"[{name}]", *(f"{option} = {_toml(value)}" for option, value in content.items()), ""])


def _toml(value: Any) -> str:
    """A plain value in TOML, which writes it as JSON does, except for infinite numbers and NaN."""
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_toml, value))}]"
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
