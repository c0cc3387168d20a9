"""A report is written of any methods: no code of it knows one by its name."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from methods import METHODS

ROOT = Path(__file__).parents[2] / "bench"
COLUMNS = {"role"}
"""Names of columns that a method has too."""


@pytest.mark.parametrize("package", ["report", "tracking", "studies", "attention", "stats"])
def test_no_code_knows_a_method_by_its_name(package):
    names = set(METHODS.names()) - COLUMNS
    files = sorted((ROOT / package).rglob("*.py"))
    assert files
    known = {f"{file.relative_to(ROOT)}: {text}" for file in files for text in texts(file) if text in names}
    assert known <= {
        "report/published/comparable.py: oracle",  # the ceiling stands beside what papers print for asl on all labels
        "report/published/comparable.py: asl",
        "report/published/comparable.py: dualcoop",  # a protocol
    }


def texts(file: Path) -> Iterator[str]:
    """All text in the code, docstrings as a whole."""
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
