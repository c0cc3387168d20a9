"""Registries: lazy, one name one class, near names in errors, and one broken file hides only itself."""

import inspect
import sys
from pathlib import Path

import pytest

from bench.backbones import BACKBONES
from bench.data import DATASETS
from bench.errors import UsageError
from bench.settings.discovery import package_folder
from bench.settings.registry import Registry, describe
from bench.system.declared import declaring_file
from methods import METHODS
from protocols import PROTOCOLS

REAL = [METHODS, DATASETS, PROTOCOLS, BACKBONES]


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A package folder on the path, and a registry that looks into it."""
    folder = tmp_path / "toy_entries"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path)
    registry = Registry("colour", packages=("toy_entries",))
    monkeypatch.setitem(sys.modules, "toy_registry", type(sys)("toy_registry"))
    sys.modules["toy_registry"].COLOURS = registry
    yield folder, registry
    for name in [n for n in sys.modules if n.startswith("toy_entries")]:
        del sys.modules[name]


def entry(name: str) -> str:
    return (
        f'from toy_registry import COLOURS\n@COLOURS.register("{name}")\nclass {name.title()}:\n    """A {name}."""\n'
    )


def test_a_file_put_into_the_package_is_found(package):
    folder, colours = package
    (folder / "red.py").write_text(entry("red"))
    (folder / "_private.py").write_text("raise RuntimeError")
    assert colours.get("red").__name__ == "Red"
    assert colours.get("red").name == "red"
    assert colours.names() == ["red"]
    assert colours.broken() == {}


def test_nothing_is_imported_before_a_name_is_asked_for(package):
    folder, _ = package
    (folder / "red.py").write_text(entry("red"))
    assert "toy_entries.red" not in sys.modules


def test_a_broken_file_hides_only_itself_and_says_why(package):
    folder, colours = package
    (folder / "red.py").write_text(entry("red"))
    (folder / "blue.py").write_text("import no_such_module_anywhere")
    assert colours.names() == ["red"]
    assert list(colours.broken()) == ["blue"]
    with pytest.raises(UsageError, match="colour 'blue' could not be imported: No module named"):
        colours.get("blue")


def test_a_second_class_of_one_name_is_refused(package):
    folder, colours = package
    (folder / "a.py").write_text(entry("red"))
    (folder / "b.py").write_text(entry("red"))
    assert colours.names() == ["red"]
    assert "registered twice" in str(colours.broken()["b"])


def test_registering_the_same_class_again_is_harmless():
    colours = Registry("colour", packages=())
    red = colours.register("red")(type("Red", (), {}))
    assert colours.register("red")(red) is red


@pytest.mark.parametrize("registry", REAL, ids=lambda r: r.kind)
def test_every_real_registry_is_whole(registry):
    assert registry.broken() == {}
    assert registry.names()
    for name in registry.names():
        assert registry.get(name).name == name
        assert describe(registry.get(name)), f"{name} needs a docstring: `bench ls` prints its first line"


@pytest.mark.parametrize("registry", REAL, ids=lambda r: r.kind)
def test_a_misspelt_name_is_answered_with_the_nearest(registry):
    name = registry.names()[0]
    with pytest.raises(UsageError, match=f"There is no {registry.kind} '{name}x'; did you mean '{name}'"):
        registry.get(name + "x")


def test_a_look_up_imports_the_module_that_registers_the_name_and_no_other(package):
    folder, colours = package
    (folder / "red.py").write_text(entry("red"))
    (folder / "blue.py").write_text(entry("blue"))
    assert colours.get("red").name == "red"
    assert "toy_entries.blue" not in sys.modules
    assert colours.names() == ["blue", "red"]


def test_a_module_that_registers_the_name_but_cannot_be_imported_is_told(package):
    folder, colours = package
    (folder / "red.py").write_text("import no_such_module_anywhere\n" + entry("red"))
    with pytest.raises(UsageError, match="colour 'red' could not be imported: No module named"):
        colours.get("red")


@pytest.mark.parametrize("registry", REAL, ids=lambda r: r.kind)
def test_the_text_shows_where_every_built_in_name_is_registered(registry):
    for name in registry.names():
        if not registry.plugin(name):
            files = [declaring_file(name, package_folder(package)) for package in registry._packages]
            assert any(file == Path(inspect.getfile(registry.get(name))) for file in files), name
