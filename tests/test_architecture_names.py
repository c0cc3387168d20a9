"""Names: no two files define the same public name at their top level, and no name is a word that says nothing."""

import ast
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGES = ("bench", "methods", "protocols")

COMMANDS = {
    "app",
    "export_cells",
    "import_cells",
    "ls",
    "main",
    "plan",
    "predict",
    "run",
    "search",
    "sync",
    "tune",
    "ui",
    "verify",
}
"""A command of the command line is called like the function that does its work."""

SUITES = {"Kind", "PROPERTIES", "is_repeatable", "says_what_it_is"}
"""Each kind of plugin has a suite of properties; what two suites have in common is called alike."""

RIDDLES = {"asked", "found", "heard", "said", "seen", "told"}
"""A name says what it holds: `matches` or `errors` where one could say `found`."""


def public_names(tree: ast.Module) -> Iterator[str]:
    """Classes, functions and variables defined at the top level of a module."""
    for node in tree.body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            names = [node.name]
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            stored = [part for target in targets for part in ast.walk(target) if isinstance(part, ast.Name)]
            names = [part.id for part in stored if isinstance(part.ctx, ast.Store)]
        else:
            continue
        yield from (name for name in names if not name.startswith("_"))


def names_of(node: ast.AST) -> Iterator[str]:
    """The name of a variable, parameter, attribute, function or class."""
    if isinstance(node, ast.Name):
        yield node.id
    elif isinstance(node, ast.arg):
        yield node.arg
    elif isinstance(node, ast.Attribute):
        yield node.attr
    elif isinstance(node, ast.FunctionDef | ast.ClassDef):
        yield node.name


def python_files(root: Path, folders: Iterable[str]) -> Iterator[Path]:
    return (path for folder in folders for path in sorted((root / folder).rglob("*.py")))


def riddles(root: Path, folders: Iterable[str]) -> list[str]:
    """Where a name is one of `RIDDLES`, alone or behind an underscore."""
    return [
        f"{path.relative_to(root).as_posix()}: {name}"
        for path in python_files(root, folders)
        for node in ast.walk(ast.parse(path.read_text()))
        for name in names_of(node)
        if name.strip("_") in RIDDLES
    ]


def repeated(root: Path) -> dict[str, list[str]]:
    """The files of each name that several files define."""
    files: dict[str, set[str]] = defaultdict(set)
    for path in python_files(root, PACKAGES):
        for name in public_names(ast.parse(path.read_text())):
            files[name].add(path.relative_to(root).as_posix())
    return {name: sorted(places) for name, places in files.items() if len(places) > 1}


def test_a_public_name_is_defined_in_one_file() -> None:
    names = repeated(ROOT)
    assert {name: names[name] for name in sorted(names.keys() - COMMANDS - SUITES)} == {}


def test_a_listed_name_is_defined_in_several_files() -> None:
    listed = COMMANDS | SUITES
    assert sorted(listed - repeated(ROOT).keys()) == [], "take what is defined once off the list"


def test_a_second_definition_is_noticed(tmp_path: Path) -> None:
    for package, text in (("bench", "LIMIT = 1\nclass Cell: ...\n"), ("methods", "LIMIT: int = 2\n_own = 1\n")):
        (tmp_path / package).mkdir()
        (tmp_path / package / "one.py").write_text(text)
    (tmp_path / "bench" / "two.py").write_text("from one import Cell\n_own = 2\ndef f():\n    LIMIT = 3\n")
    assert repeated(tmp_path) == {"LIMIT": ["bench/one.py", "methods/one.py"]}


def test_tuples_count_as_definitions() -> None:
    tree = ast.parse("A, (B, _c) = 1, (2, 3)\nD = E = [x for x in (A,)]\nF[0] = A\n")
    assert set(public_names(tree)) == {"A", "B", "D", "E"}


def test_no_name_is_a_riddle() -> None:
    assert riddles(ROOT, (*PACKAGES, "benchmarks", "tests")) == [], "say what it holds"


def test_a_riddle_is_noticed(tmp_path: Path) -> None:
    (tmp_path / "bench").mkdir()
    text = "def _told(asked, *, given):\n    seen = given.found\n    return [heard for heard in seen]\n"
    (tmp_path / "bench" / "one.py").write_text(text)
    assert {line.partition(": ")[2] for line in riddles(tmp_path, ["bench"])} == {
        "_told",
        "asked",
        "seen",
        "found",
        "heard",
    }
