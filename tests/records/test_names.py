"""Names that a store, a node or a cache gives: those of this program are taken, all others touch no file."""

from collections import deque

import pytest

from bench.errors import DataError
from bench.executors.ray.transfer import unpack
from bench.features import entries, remove
from bench.records.cells import Cell
from bench.records.names import cell_key, fingerprint, plain_name, printable, short_name, sweep_id


@pytest.mark.parametrize("check", [cell_key, sweep_id, fingerprint, plain_name])
@pytest.mark.parametrize("text", ["../../x", "", "/x", "a/b", "x\n", ".", "..", "-x", None, 5, "0" * 101, "A b"])
def test_names_are_what_this_program_gives(check, text):
    with pytest.raises(DataError, match="is not a"):
        check(text)


def test_names_of_this_program_are_taken():
    assert cell_key("0123456789abcdef") == "0123456789abcdef"
    assert sweep_id("0123456789ab") == "0123456789ab"
    assert fingerprint("f" * 64) == "f" * 64
    assert plain_name("ViT-L-14-336") == "ViT-L-14-336"


def test_a_cell_whose_dataset_is_a_path_is_refused():
    part = {"name": "x", "version": 1, "options": {}, "fingerprint": ""}
    data = dict.fromkeys(("method", "protocol", "backbone"), part) | {"percent": 10, "seed": 0, "holdout": 0}
    with pytest.raises(DataError, match="is not a dataset's name"):
        Cell.from_json({**data, "dataset": {**part, "name": "../../x"}})


@pytest.mark.parametrize("letter", ["a", "\u00fc", "\u732b", "\U0001f600"])
def test_long_names_are_cut_to_what_a_file_system_takes_and_stay_apart(letter, tmp_path):
    names = [f"attention-{letter * 300}{end}" for end in "xy"]
    first, second = map(short_name, names)
    assert first != second
    for short in (first, second):
        assert len(short.encode()) <= 150
        assert short.startswith(f"attention-{letter * 10}")
        (tmp_path / f".{short}.svg.{'0' * 32}").touch()  # as it is called while it is written


def test_control_characters_reach_no_terminal():
    assert printable({"\x1b]0;x\x07": ["\x9b31m", "a\tb\n"]}) == {"�]0;x�": ["�31m", "a\tb\n"]}


@pytest.mark.parametrize("name", ["../../victim", "/etc/x", "log.txt/../../victim", "weights.py", "checkpoint/x"])
def test_a_node_leaves_a_cells_own_files_only(tmp_path, name):
    with pytest.raises(DataError, match="which no training leaves"):
        unpack({name: b"x"}, tmp_path / "store" / "cell")
    assert list(tmp_path.rglob("*")) == []


def test_a_node_writes_through_no_link(tmp_path):
    (tmp_path / "victim").mkdir()
    (tmp_path / "cell").mkdir()
    (tmp_path / "cell" / "checkpoint").symlink_to(tmp_path / "victim")
    with pytest.raises(DataError, match="leads out"):
        unpack({"checkpoint/last.pth": b"x"}, tmp_path / "cell")
    assert list((tmp_path / "victim").iterdir()) == []


def test_the_caches_entries_are_its_own(tmp_path):
    victim, features = tmp_path / "victim", tmp_path / "cache" / "features"
    for folder in (victim, features / "0123456789abcdef", features / "somebody's"):
        folder.mkdir(parents=True)
        (folder / "features.json").write_text("{}")
    assert [entry.key for entry in entries(tmp_path / "cache")] == ["0123456789abcdef"]
    (features / ("f" * 16)).symlink_to(victim)
    with pytest.raises(DataError, match="leads out"):
        deque(map(remove, entries(tmp_path / "cache")))
    assert [path.name for path in victim.iterdir()] == ["features.json"]


def test_a_search_appends_to_no_file_of_others(tmp_path):
    from bench.studies.search.storage import JOURNAL, StudyLocation

    (tmp_path / "victim").write_text("")
    (tmp_path / "search").mkdir()
    (tmp_path / "search" / JOURNAL).symlink_to(tmp_path / "victim")
    with pytest.raises(DataError, match="leads out"):
        StudyLocation(tmp_path / "search", None)
    assert (tmp_path / "victim").read_text() == ""
