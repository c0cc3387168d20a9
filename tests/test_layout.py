"""Where tests stand: in the room of what they test, in files that import helpers and never each other."""

import re
from collections.abc import Iterator
from pathlib import Path

TESTS = Path(__file__).parent
ROOT = TESTS.parent
NOT_A_PACKAGE = {"helpers", "docs", "trust"}
"""Rooms of tests that are of no one package: what tests share, the documentation, files of strangers."""


def files() -> Iterator[Path]:
    return (file.relative_to(TESTS) for file in sorted(TESTS.rglob("*.py")))


def rooms() -> set[Path]:
    packages = [ROOT / "bench", ROOT / "methods", ROOT / "protocols"]
    own = [folder for package in packages for folder in package.rglob("*") if folder.is_dir()]
    inside = [folder.relative_to(ROOT / "bench" if packages[0] in folder.parents else ROOT) for folder in own]
    return {Path(), Path("methods"), Path("protocols"), *inside, *map(Path, NOT_A_PACKAGE)}


def test_each_file_stands_in_the_room_of_what_it_tests():
    assert [str(file) for file in files() if file.parent not in rooms()] == []


def test_a_file_outside_helpers_holds_tests():
    known = re.compile(r"test_\w+|conftest|__init__")
    assert [str(f) for f in files() if f.parts[0] != "helpers" and not known.fullmatch(f.stem)] == []
    assert [str(f) for f in files() if f.parts[0] == "helpers" and f.stem.startswith("test_")] == []


def test_tests_import_no_test():
    imported = re.compile(r"^\s*(?:from|import)\s+(?:[\w.]*\.)?(?:test_\w+|conftest|tests)\b", re.MULTILINE)
    assert [str(file) for file in files() if imported.search((TESTS / file).read_text())] == []
