"""The file that registers a method is found by its text."""

import inspect
from pathlib import Path

from bench.report.source import installed_code
from bench.system.declared import declaring_file
from bench.system.environment import methods_folder, source_hash
from methods import METHODS


def test_every_built_in_method_is_found_where_its_class_is():
    for name in METHODS.names():
        if not METHODS.plugin(name):
            cls = METHODS.get(name)
            assert declaring_file(name, methods_folder()) == Path(inspect.getfile(cls)).resolve(), name
            assert installed_code(name) == source_hash(cls), name


def test_what_is_not_told_by_the_text_is_not_found(tmp_path):
    (tmp_path / "one.py").write_text('@METHODS.register("a")\nclass A: ...\n# METHODS.register("c")\n')
    (tmp_path / "two.py").write_text("@METHODS.register('a')\n@METHODS.register('b')\nclass B: ...\n")
    assert declaring_file("a", tmp_path) is None, "registered twice"
    assert declaring_file("b", tmp_path) == tmp_path / "two.py"
    assert declaring_file("c", tmp_path) is None
