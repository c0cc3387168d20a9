"""A report is written of any methods: no code of it knows one by its name."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from methods import METHODS

ROOT = Path(__file__).parents[2] / "bench"
WORDS = {"role", "ignore"}
"""Names of methods that also name a column, or an argument of numpy."""


@pytest.mark.parametrize("package", ["report", "tracking", "studies", "attention", "stats"])
def test_no_code_knows_a_method_by_its_name(package):
    names = set(METHODS.names()) - WORDS
    files = sorted((ROOT / package).rglob("*.py"))
    assert files
    known = {f"{file.relative_to(ROOT)}: {text}" for file in files for text in texts(file) if text in names}
    assert known <= {"report/published/comparable.py: dualcoop"}, "a protocol"


def texts(file: Path) -> Iterator[str]:
    """All text in the code, docstrings as a whole."""
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
