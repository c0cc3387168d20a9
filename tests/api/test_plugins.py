"""Plugins of the Python interface: loaded before anything is planned, and named where they cannot be."""

import pytest
from helpers.plugin_files import _unload, write  # noqa: F401

import bench


@pytest.fixture
def words(cache, tmp_path):
    small = {"scenes": {"n_train": 60, "n_test": 40}}
    return {"settings": small, "results": tmp_path / "results", "cache": cache, "progress": False}


def test_a_file_adds_a_method(write, words):  # noqa: F811
    frame = bench.plan("outside", 0.5, plugins=[write()], **words).to_frame()
    assert list(frame["method"]) == ["outside"]


def test_a_file_that_cannot_be_loaded_is_named(tmp_path, words):
    (tmp_path / "bad.py").write_text("import nothing_of_that_name")
    with pytest.raises(bench.UsageError, match=r"bad\.py could not be loaded: ModuleNotFoundError"):
        bench.plan("asl", 0.5, plugins=[tmp_path / "bad.py"], **words)


def test_one_name_is_no_list(words):
    with pytest.raises(bench.UsageError, match=r"plugins is 'mine\.py'; give a list"):
        bench.plan("asl", 0.5, plugins="mine.py", **words)
