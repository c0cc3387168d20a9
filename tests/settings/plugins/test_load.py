"""Plugins that somebody names: what they add, which names they may take, and how a broken one shows."""

import sys

import pytest
from helpers.outside import GOOD, changed

from bench.errors import UsageError
from bench.settings import plugins
from methods import METHODS
from protocols import PROTOCOLS

BROKEN = {
    "syntax": ("def f(:", "SyntaxError: invalid syntax"),
    "import": (changed(("from torch import nn", "import no_such_thing")), "ModuleNotFoundError: No module named"),
    "no base": (changed(("(Method)", "")), "method 'outside' in file .*derives from methods.Method"),
    "nothing registered": ("x = 1", "it registers nothing"),
    "leaves": ("raise SystemExit(3)", "SystemExit: 3"),
    "half": (GOOD + "\nraise RuntimeError('too late')", "RuntimeError: too late"),
    "no name": (changed(('"outside"', '"../outside"')), "a name is letters, digits"),
    "taken": (changed(('"outside"', '"asl"')), "method 'asl' is registered twice, in methods.baselines.asl "),
}


def test_a_file_adds_its_method(write):
    path = write()
    [plugin] = plugins.load_plugins([path])
    assert plugin.entries == {"method": ["outside"]}
    assert METHODS.get("outside").name == "outside"
    assert METHODS.origin("outside").text == f"file {path}"
    assert len(METHODS.plugin("outside")) == 16
    assert (METHODS.origin("asl").text, METHODS.plugin("asl")) == ("built in", "")
    assert plugins.load_plugins([str(path)]) == [plugin], "a second time changes nothing"


def test_a_file_may_add_to_several_axes(write):
    text = GOOD + (
        "\nfrom protocols import PROTOCOLS, Protocol\n@PROTOCOLS.register('nothing')\nclass Nothing(Protocol):\n"
        '    """Hides all."""\n    def hide(self, labels, percent, seed, images):\n        return labels * 0\n'
    )
    [plugin] = plugins.load_plugins([write(text)])
    assert plugin.entries == {"method": ["outside"], "protocol": ["nothing"]}
    assert "nothing" in PROTOCOLS.names()


def test_a_changed_file_takes_the_place_of_its_earlier_self(write):
    plugins.load_plugins([write()])
    before = METHODS.plugin("outside")
    plugins.load_plugins([write(GOOD + "\nx = 1\n")])
    assert METHODS.plugin("outside") != before
    assert len(plugins.loaded()) == 1


def test_a_package_adds_its_methods(write, monkeypatch):
    folder = write("", "their_package/__init__.py").parent
    write(GOOD, "their_package/one.py")
    (folder / "__init__.py").write_text("from their_package import one")
    monkeypatch.syspath_prepend(folder.parent)
    plugins.load_plugins(["their_package"])
    assert METHODS.origin("outside").text == "package their_package"
    assert set(METHODS.origin("outside").sources) == {"__init__.py", "one.py"}


@pytest.mark.parametrize(
    ("given", "message"), [("nowhere.py", "no such file"), ("no_such_package", "no package of this")]
)
def test_what_is_not_there_is_refused(given, message):
    with pytest.raises(UsageError, match=message):
        plugins.load_plugins([given])


@pytest.mark.parametrize("kind", BROKEN)
def test_a_broken_file_names_itself_and_hides_nothing(kind, write):
    source, message = BROKEN[kind]
    path, before = write(source), METHODS.names()
    assert plugins.load_plugins([path]) == []
    assert METHODS.names() == before, "nothing of it is left, nothing else is lost"
    assert METHODS.broken() == {}
    message = f"no method 'outside'.* The plugin {path} could not be loaded: .*{message}"
    with pytest.raises(UsageError, match=message):
        METHODS.get("outside")
    assert [name for name in sys.modules if name.startswith("bench_plugin_")] == []


def test_two_files_with_one_name_are_told_by_their_places(write):
    first, second = write(), write(GOOD + "\nx = 1", "other.py")
    plugins.load_plugins([first, second])
    assert METHODS.origin("outside").text == f"file {first}"
    [message] = plugins.broken().values()
    assert (
        message == f"method 'outside' is registered twice, in file {first} and in file {second}; give one another name."
    )


def test_a_mended_file_is_no_longer_broken(write):
    plugins.load_plugins([write("x = ")])
    assert plugins.broken()
    plugins.load_plugins([write()])
    assert plugins.broken() == {}
