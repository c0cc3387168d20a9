"""Paths made of names stay in their folder, or are refused."""

import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.errors import DataError
from bench.records.paths import inside, refuse_links

STEPS = st.sampled_from(["..", ".", "", "a", "out", "in", "loop", "/", "\\", "../..", "a/..", "/etc", "\0", "~", "C:"])

PARTS = st.lists(STEPS | st.text(max_size=6) | st.lists(STEPS, max_size=4).map("/".join), min_size=0, max_size=4)


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """A folder with a link out of it, one that stays within, and one that leads to itself."""
    home = tmp_path_factory.mktemp("names") / "home"
    (home / "a").mkdir(parents=True)
    (home.parent / "homely").mkdir()  # begins like the folder's own name
    (home / "out").symlink_to(home.parent / "homely")
    (home / "in").symlink_to(home / "a")
    (home / "loop").symlink_to(home / "loop")
    return home


@settings(max_examples=400)
@given(parts=PARTS)
def test_inside_stays_inside_or_refuses(folder, parts):
    try:
        path = inside(folder, *parts)
    except DataError:
        return
    home, real = os.path.realpath(folder), os.path.realpath(path)
    assert os.path.commonpath([home, real]) == home
    assert real != home
    assert ".." not in path.relative_to(folder).parts


@pytest.mark.parametrize("parts", [("a",), ("in", "new"), ("a", "b.txt"), ("a/b.txt",), ("..a",), ("a..b",)])
def test_inside_takes_what_is_inside(folder, parts):
    assert inside(folder, *parts) == folder.joinpath(*parts)


@pytest.mark.parametrize(
    "parts", [(), ("",), (".",), ("..",), ("out",), ("out", "x"), ("/etc",), ("a/../../x",), ("..\\x",), ("a\0b",)]
)
def test_inside_refuses_what_is_not(folder, parts):
    with pytest.raises(DataError, match="leads out of the folder"):
        inside(folder, *parts)


def test_inside_knows_the_root_of_all():
    assert inside(Path("/"), "etc") == Path("/etc")


def test_a_folder_that_another_process_removes_meanwhile_is_no_link(tmp_path, monkeypatch):
    """As one does that finishes the cell: its checkpoint was listed, and is gone before it is looked into."""
    checkpoint = tmp_path / "cell" / "checkpoint"
    checkpoint.mkdir(parents=True)
    scandir, listings = os.scandir, []

    def too_late(path):
        if Path(path) == checkpoint:
            listings.append(path)
            checkpoint.rmdir()
        return scandir(path)

    monkeypatch.setattr(os, "scandir", too_late)
    refuse_links(tmp_path / "cell")
    assert listings
