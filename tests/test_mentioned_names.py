"""Names in backticks, in docstrings, comments and pages: what they name exists."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGES = ("bench", "methods", "protocols")
WHOLE = re.compile(rf"(?<!`)`((?:{'|'.join(PACKAGES)})(?:\.\w+)+)(?:\(\))?`")
CLASS_OF_MODULE = re.compile(r"(?<!`)`([a-z]\w*)\.([A-Z]\w*)`")


def texts(root: Path) -> dict[str, str]:
    """Sources and pages by their place. The changelog is not among them: it names what there was."""
    files = [file for folder in (*PACKAGES, "tests", "benchmarks") for file in (root / folder).rglob("*.py")]
    pages = [*(root / "docs").rglob("*.md"), *(file for file in root.glob("*.md") if file.stem != "CHANGELOG")]
    return {file.relative_to(root).as_posix(): file.read_text() for file in (*files, *pages) if file != Path(__file__)}


def bound(nodes: list[ast.stmt]) -> Iterator[str]:
    """Names that these statements of a module or class bind."""
    for node in nodes:
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            yield node.name
        elif isinstance(node, ast.Import | ast.ImportFrom):
            yield from ((alias.asname or alias.name).partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            yield from (part.id for part in ast.walk(node) if isinstance(part, ast.Name))
        elif isinstance(node, ast.If | ast.Try):
            yield from bound(node.body)


def module_names(file: Path) -> set[str]:
    """What a module binds, or says in its stub that it gives."""
    sources = [path for path in (file, file.with_suffix(".pyi")) if path.is_file()]
    return {name for path in sources for name in bound(ast.parse(path.read_text()).body)}


def exists(root: Path, name: str) -> bool:
    """Whether it is a package, a module, or what a module binds."""
    parts = name.split(".")
    for length in range(len(parts), 0, -1):
        place = root.joinpath(*parts[:length])
        file = place / "__init__.py" if place.is_dir() else place.with_suffix(".py")
        if file.is_file():
            return length == len(parts) or parts[length] in module_names(file)
    return False


def stale(root: Path) -> list[str]:
    """Where a name is mentioned that is not there; tags and keys, which stand quoted in a source, are there."""
    sources = texts(root)
    quoted = set(re.findall(r'"([\w.]+)"', "\n".join(text for place, text in sources.items() if place[:5] == "bench")))
    modules: dict[str, list[Path]] = {}
    for place in sources:
        if place.startswith(PACKAGES) and Path(place).stem not in PACKAGES:
            modules.setdefault(Path(place).stem, []).append(root / place)
    missing = []
    for place, text in sources.items():
        names = {name for name in WHOLE.findall(text) if name not in quoted and not exists(root, name)}
        for module, name in CLASS_OF_MODULE.findall(text):
            if module in modules and not any(name in module_names(file) for file in modules[module]):
                names.add(f"{module}.{name}")
        missing += [f"{place}: {name}" for name in sorted(names)]
    return missing


def test_what_is_mentioned_is_there() -> None:
    assert stale(ROOT) == [], "name what is there, or drop the backticks"


def test_what_is_not_there_is_noticed(tmp_path: Path) -> None:
    (tmp_path / "bench" / "one").mkdir(parents=True)
    (tmp_path / "bench" / "one" / "__init__.py").write_text("")
    (tmp_path / "bench" / "one" / "two.py").write_text('"""`bench.one.Lost` and `two.Gone`."""\nTAG = "bench.tag"\n')
    (tmp_path / "README.md").write_text("`bench.one.two.TAG` `bench.tag` `bench.one.two` `two.TAG` `bench.one.three`\n")
    (tmp_path / "CHANGELOG.md").write_text("`bench.before` is `bench.one`\n")
    assert stale(tmp_path) == [
        "bench/one/two.py: bench.one.Lost",
        "bench/one/two.py: two.Gone",
        "README.md: bench.one.three",
    ]
