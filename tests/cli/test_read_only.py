"""A colleague's store, which may only be read: its numbers are told, nothing is written, and no traceback is seen."""

import json

import pytest
from helpers.disks import read_only
from helpers.store_factory import Grid, make_store

from bench.system.disk import RefusedError, refuse_unwritable

pytestmark = pytest.mark.slow

GRID = Grid(methods=("asl", "dualcoop"), percents=(10, 50), epochs=3)


def everything(folder):
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*")}


@pytest.fixture
def colleague(tmp_path):
    store, _ = make_store(tmp_path / "colleague" / "results", GRID)
    before = everything(store.root)
    with read_only(store.root) as root:
        yield str(root)
    assert everything(store.root) == before


def test_tables_are_shown_and_the_report_says_that_it_was_not_written(call, colleague):
    result = call("report", "--results", colleague)
    assert result.code == 0
    assert "dualcoop" in result.out
    assert "the report was not written" in result.err
    assert "give --out DIR" in result.err
    assert json.loads(call("report", "--results", colleague, "--json").out)["report"] is None


def test_a_report_goes_to_another_folder(call, colleague, tmp_path):
    result = call("report", "--results", colleague, "--out", str(tmp_path / "own"))
    assert result.code == 0
    (page,) = (tmp_path / "own" / "reports").glob("*/report.html")
    assert str(page) in result.out
    assert (tmp_path / "own" / "report.md").exists()


def test_a_folder_that_is_there_and_may_not_be_written_is_refused_before_anything_is_drawn(tmp_path):
    (tmp_path / "reports").mkdir()
    with read_only(tmp_path / "reports") as folder, pytest.raises(RefusedError, match=r"cannot be written; give --out"):
        refuse_unwritable(folder)
    refuse_unwritable(tmp_path / "reports")


def test_a_folder_whose_name_a_file_has_is_no_matter_of_rights(tmp_path):
    (tmp_path / "reports").write_text("a file")
    with pytest.raises(FileExistsError):
        refuse_unwritable(tmp_path / "reports")


@pytest.mark.parametrize("command", [["status"], ["compare"], ["compare", "--across"], ["compare", "--json"]])
def test_what_only_looks_works(call, colleague, command):
    result = call(*command, "--results", colleague)
    assert "Traceback" not in result.err
    if "--across" not in command:
        assert result.code == 0, result.err
        assert "dualcoop" in result.out


@pytest.mark.parametrize("command", [["sync"], ["ui"], ["run", "--methods", "clip_zero_shot", "--ratios", "0.1"]])
def test_what_writes_says_that_it_cannot_in_one_sentence(call, colleague, command, small_scenes):
    result = call(*command, "--results", colleague, *(small_scenes if command[0] == "run" else ()))
    assert result.code == 2
    assert "Traceback" not in result.err
    assert "Read-only file system" in result.err
    assert len(result.err.strip().splitlines()) == 1


@pytest.fixture
def small_scenes() -> list[str]:
    return ["--set", "scenes.n_train=8", "--set", "scenes.n_test=6"]


@pytest.mark.parametrize("command", ["status", "report", "compare", "run"])
def test_a_store_that_is_a_file_is_one_sentence(call, tmp_path, command, small_scenes):
    (tmp_path / "file").write_text("no store")
    more = ["--methods", "clip_zero_shot", "--ratios", "0.1", *small_scenes] if command == "run" else []
    result = call(command, "--results", str(tmp_path / "file"), *more)
    assert result.code == 2
    assert "Traceback" not in result.err
    assert result.err.startswith("error: ")
