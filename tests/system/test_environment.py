"""The hash of a method's source: all that it imports, and nothing of what other methods alone do."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.system.environment import file_source_hash, methods_folder


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    import methods

    root = tmp_path / "methods"
    for name, text in {
        "__init__.py": "from methods.base import Method",
        "base.py": "",
        "baselines/one.py": "import methods.parts.found\nfrom methods.parts.deep import deeper",
        "parts/found.py": "from methods import Method\nimport methods.parts.further as f",
        "unused.py": "",
        "baselines/two.py": "import torch",
        "parts/__init__.py": "",
        "parts/further.py": "",
        "parts/deep.py": "",
        "parts/other.py": "",
    }.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    monkeypatch.setattr(methods, "__file__", str(root / "__init__.py"))
    known = (file_source_hash, methods_folder)
    for one in known:
        one.cache_clear()
    yield root
    for one in known:
        one.cache_clear()


@pytest.mark.parametrize(("file", "counts"), [
    ("__init__.py", True), ("base.py", True), ("unused.py", False),
    ("baselines/one.py", True), ("parts/__init__.py", True), ("parts/found.py", True),
    ("parts/further.py", True), ("parts/deep.py", True), ("parts/other.py", False), ("baselines/two.py", False),
])  # fmt: skip
def test_what_a_method_imports_is_part_of_it(file: str, counts: bool, package: Path) -> None:
    before = file_source_hash(package / "baselines" / "one.py")
    with (package / file).open("a") as out:
        out.write("\nx = 1\n")
    file_source_hash.cache_clear()
    assert (file_source_hash(package / "baselines" / "one.py") != before) == counts
