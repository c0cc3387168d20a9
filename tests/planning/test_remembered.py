"""The rows of `bench ls` are kept until a source file changes, and only whole ones without plugins."""

import pytest

from bench.planning import remembered as module
from bench.planning.remembered import remembered
from bench.settings import plugins


@pytest.fixture
def made(monkeypatch, tmp_path):
    """Counts how often rows are made."""
    sources = tmp_path / "source.py"
    sources.write_text("x = 1")
    monkeypatch.setattr(module, "default_cache", lambda: tmp_path / "cache")
    monkeypatch.setattr(module, "_sources", lambda root: [sources])
    monkeypatch.setattr(plugins, "any_plugin", lambda: False)
    calls: list[bool] = []

    def rows(whole: bool = True):
        def make():
            calls.append(whole)
            return [{"name": f"row {len(calls)}"}], whole

        return remembered("methods", make)

    return rows, calls, sources


def test_rows_are_made_once_until_a_source_changes(made):
    rows, calls, sources = made
    assert rows() == rows() == [{"name": "row 1"}]
    sources.write_text("x = 1000")
    assert rows() == rows() == [{"name": "row 2"}]
    assert calls == [True, True]


def test_rows_that_are_not_whole_or_have_plugins_are_not_kept(made, monkeypatch):
    rows, calls, _ = made
    rows(whole=False)
    rows(whole=False)
    assert len(calls) == 2
    monkeypatch.setattr(plugins, "any_plugin", lambda: True)
    rows()
    rows()
    assert len(calls) == 4


def test_a_damaged_file_is_made_again(made, tmp_path):
    rows, *_ = made
    rows()
    (tmp_path / "cache" / "catalogue" / "methods.json").write_text("[1]")
    assert rows() == [{"name": "row 2"}]


def test_all_sources_of_the_program_count():
    import bench
    from bench.system.origin import PROGRAM

    root = module.Path(bench.__file__).parents[1]
    names = {path.relative_to(root).as_posix() for path in module._sources(root)}
    assert {f"{package}/__init__.py" for package in PROGRAM} <= names
    assert "methods/recipes/embedded.toml" in names
