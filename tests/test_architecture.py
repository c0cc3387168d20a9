"""The shape of the imports, beyond what import-linter's contracts in pyproject.toml check."""

import ast
import graphlib
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import grimp

ROOT = Path(__file__).parents[1]
PACKAGES = ("bench", "methods", "protocols")
ENTRY_POINTS = {"bench.__main__"}


@cache
def graph() -> grimp.ImportGraph:
    return grimp.build_graph(*PACKAGES, cache_dir=None)


def lazy_imports() -> Iterator[tuple[str, str]]:
    """(package, module) of the stubs by which packages import lazily, which grimp does not read."""
    for stub in (path for package in PACKAGES for path in (ROOT / package).rglob("__init__.pyi")):
        package = ".".join(stub.parent.relative_to(ROOT).parts)
        for node in ast.walk(ast.parse(stub.read_text())):
            if isinstance(node, ast.ImportFrom):
                yield package, f"{package}.{node.module}" if node.level else node.module or ""


def test_files_import_each_other_in_no_circle() -> None:
    imports = {module: set(graph().find_modules_directly_imported_by(module)) for module in graph().modules}
    for package, module in lazy_imports():
        imports[package].add(module)
    graphlib.TopologicalSorter(imports).prepare()  # CycleError names the modules


def test_every_package_stands_on_a_floor() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    floors = next(contract["layers"] for contract in contracts if contract["type"] == "layers")
    placed = {name.strip(" ()") for floor in floors for name in floor.split("|")}
    assert graph().find_children("bench") - ENTRY_POINTS <= placed
