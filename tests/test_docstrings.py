"""A module's first line names the thing in it: it is a noun or an order, and no question."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
QUESTIONS = ("What ", "Where ", "Which ", "How ", "Who ", "Why ", "When ", "Is ", "Does ")


@pytest.mark.parametrize("package", ["bench", "methods", "protocols"])
def test_first_lines_are_no_riddles(package):
    lines = {path: ast.get_docstring(ast.parse(path.read_text())) or "" for path in (ROOT / package).rglob("*.py")}
    assert len(lines) > 10
    assert [str(path.relative_to(ROOT)) for path, line in lines.items() if not line or line.startswith(QUESTIONS)] == []
