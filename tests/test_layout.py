"""Where tests stand: in the room of what they test, in short files that import helpers and never each other."""

import re
from collections.abc import Iterator
from pathlib import Path

TESTS = Path(__file__).parent
ROOT = TESTS.parent
LONGEST = 250
NOT_A_PACKAGE = {"helpers", "docs", "trust"}
"""Rooms of tests that are of no one package: what tests share, the documentation, files of strangers."""


def files() -> Iterator[Path]:
    return (file.relative_to(TESTS) for file in sorted(TESTS.rglob("*.py")))


def rooms() -> set[str]:
    return {
        "methods",
        "protocols",
        *NOT_A_PACKAGE,
        *(path.name for path in (ROOT / "bench").iterdir() if path.is_dir()),
    }


def test_no_file_is_longer_than_250_lines():
    packages = ("bench", "methods", "protocols", "tests")
    sources = (file for package in packages for file in (ROOT / package).rglob("*.py"))
    lengths = {str(file.relative_to(ROOT)): len(file.read_text().splitlines()) for file in sources}
    assert {file: length for file, length in lengths.items() if length > LONGEST} == {}


def test_each_file_stands_in_the_room_of_what_it_tests():
    assert [str(file) for file in files() if len(file.parts) > 1 and file.parts[0] not in rooms()] == []


def test_a_file_outside_helpers_holds_tests():
    known = re.compile(r"test_\w+|conftest|__init__")
    assert [str(f) for f in files() if f.parts[0] != "helpers" and not known.fullmatch(f.stem)] == []
    assert [str(f) for f in files() if f.parts[0] == "helpers" and f.stem.startswith("test_")] == []


def test_tests_import_no_test():
    imported = re.compile(r"^\s*(?:from|import)\s+(?:[\w.]*\.)?(?:test_\w+|conftest|tests)\b", re.MULTILINE)
    assert [str(file) for file in files() if imported.search((TESTS / file).read_text())] == []
