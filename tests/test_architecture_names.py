"""One public name, one meaning: no two files define the same public name at their top level."""

import ast
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGES = ("bench", "methods", "protocols")

COMMANDS = {"app", "ls", "main", "plan", "run", "search", "sync", "ui", "verify"}
"""A command of the command line is called like the function that does its work."""

SUITES = {"Kind", "PROPERTIES", "is_repeatable", "says_what_it_is"}
"""Each kind of plugin has a suite of properties; what two suites have in common is called alike."""

TO_BE_RENAMED = {
    "BLOCK",
    "CLASSES",
    "DIGITS",
    "DTYPES",
    "Entry",
    "Features",
    "Finding",
    "KINDS",
    "LARGEST",
    "LOG",
    "LONGEST",
    "MOST",
    "Part",
    "Progress",
    "Results",
    "T",
    "examine",
    "load",
    "mean_average_precision",
    "read_boxes",
    "read_lines",
}
"""Names of two meanings today; the list only gets shorter."""


def public_names(tree: ast.Module) -> Iterator[str]:
    """Classes, functions and variables defined at the top level of a module."""
    for node in tree.body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            names = [node.name]
        elif isinstance(node, ast.Assign):
            names = [target.id for target in node.targets if isinstance(target, ast.Name)]
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            names = [node.target.id]
        else:
            continue
        yield from (name for name in names if not name.startswith("_"))


def repeated(root: Path) -> dict[str, list[str]]:
    """The files of each name that several files define."""
    files: dict[str, set[str]] = defaultdict(set)
    for path in (path for package in PACKAGES for path in (root / package).rglob("*.py")):
        for name in public_names(ast.parse(path.read_text())):
            files[name].add(path.relative_to(root).as_posix())
    return {name: sorted(places) for name, places in files.items() if len(places) > 1}


def test_a_public_name_is_defined_in_one_file() -> None:
    found = repeated(ROOT)
    assert {name: found[name] for name in sorted(found.keys() - COMMANDS - SUITES - TO_BE_RENAMED)} == {}


def test_a_listed_name_is_defined_in_several_files() -> None:
    listed = COMMANDS | SUITES | TO_BE_RENAMED
    assert sorted(listed - repeated(ROOT).keys()) == [], "take what is defined once off the list"


def test_a_second_definition_is_noticed(tmp_path: Path) -> None:
    for package, text in (("bench", "LIMIT = 1\nclass Cell: ...\n"), ("methods", "LIMIT: int = 2\n_own = 1\n")):
        (tmp_path / package).mkdir()
        (tmp_path / package / "one.py").write_text(text)
    (tmp_path / "bench" / "two.py").write_text("from one import Cell\n_own = 2\ndef f():\n    LIMIT = 3\n")
    assert repeated(tmp_path) == {"LIMIT": ["bench/one.py", "methods/one.py"]}
