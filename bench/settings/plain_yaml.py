"""YAML as people mean it, by the rules of `bench.settings.yaml_dialect`; every error is one sentence with the line.

>>> load("lr: 1e-4\\nratios: 0.1-0.9\\nat: 10:30\\nname: no", where="example")
{'lr': 0.0001, 'ratios': '0.1-0.9', 'at': '10:30', 'name': 'no'}
"""

from pathlib import Path
from typing import Any

import yaml

from bench.errors import UsageError
from bench.settings.yaml_dialect import PlainDumper, PlainLoader

TEXT_LIMIT = 200_000
"""Characters of a text. Sweeps and search spaces have a few hundred; PyYAML reads about 100,000 a second."""


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
        loader = PlainLoader(text)
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
    return yaml.dump(data, Dumper=PlainDumper, sort_keys=False, allow_unicode=True, default_flow_style=None, width=110)
