"""Plugins of installed distributions, found by their entry points, and those that BENCH_PLUGINS names."""

import pytest
from helpers.outside import GOOD, changed

from bench.errors import UsageError
from bench.settings import plugins
from bench.settings.plugins import load
from methods import METHODS


@pytest.fixture
def distribution(write, monkeypatch):
    """An installed distribution: metadata with an entry point, and a module; called with the module's source."""

    def install(source: str) -> None:
        write(source, "their_method.py")
        info = "their_method-1.2.dist-info"
        write("[missing_label_bench.methods]\noutside = their_method\n", f"{info}/entry_points.txt")
        folder = write("Metadata-Version: 2.1\nName: their-method\nVersion: 1.2\n", f"{info}/METADATA").parent
        write("their_method.py,,\n", f"{info}/RECORD")
        monkeypatch.syspath_prepend(folder.parent)
        monkeypatch.setattr(METHODS, "_discovered", False)

    yield install
    METHODS._broken.clear()


def test_an_installed_distribution_is_found_by_its_entry_point(distribution):
    distribution(GOOD)
    assert "outside" in METHODS.names()
    assert METHODS.origin("outside").text == "distribution their-method 1.2"
    assert METHODS.plugin("outside")


def test_an_entry_point_may_name_the_class_itself(distribution, write):
    distribution(changed(('@METHODS.register("outside")\n', "")))
    write(
        "[missing_label_bench.methods]\noutside = their_method:Outside\n", "their_method-1.2.dist-info/entry_points.txt"
    )
    assert METHODS.get("outside").name == "outside"


def test_a_broken_distribution_names_itself(distribution):
    distribution("import no_such_thing")
    assert "asl" in METHODS.names()
    assert list(METHODS.broken()) == ["outside"]
    with pytest.raises(UsageError, match=r"method 'outside' could not be imported: .*distribution their-method 1.2"):
        METHODS.get("outside")


def test_the_environment_names_plugins_once(write, monkeypatch):
    monkeypatch.setenv(plugins.VARIABLE, f"{write()}:{write('x =', 'bad.py')}")
    monkeypatch.setattr(load, "_read_environment", False)
    monkeypatch.setattr(METHODS, "_discovered", False)
    assert "outside" in METHODS.names()
    assert len(plugins.broken()) == 1
