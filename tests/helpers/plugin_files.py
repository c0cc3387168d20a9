"""Plugins for one test: what it loads is taken out again."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bench.settings.plugins import known
from helpers.outside import GOOD


@pytest.fixture(autouse=True)
def _unload() -> Iterator[None]:
    """Without what BENCH_PLUGINS or an installed distribution may say on this machine."""
    modules = set(sys.modules)
    yield
    known.unload_all()
    for module in set(sys.modules) - modules:
        if module.startswith(("bench_plugin_", "their_")):
            known.forget(module)


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """`write(source, name="mine.py")`: a plugin file; the good method by default."""

    def put(source: str = GOOD, name: str = "mine.py") -> Path:
        path = tmp_path / "plugins" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source)
        return path

    return put
