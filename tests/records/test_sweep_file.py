"""Records of sweeps that are damaged or none: refused in one sentence that names the file."""

import json

import pytest
from helpers.sweep_records import RECORD

from bench.errors import DataError
from bench.records.sweep_file import read_sweep, sweep_of
from bench.records.sweeps import SWEEP_SCHEMA

DAMAGE = {
    "id": "../../victim",
    "dataset": "a/b",
    "protocol": "..",
    "backbone": 7,
    "command": "bench run",
    "methods": None,
    "places": [{"method": "asl"}],
    "study": {"kind": "../x"},
    "notes": ["asl"],
    "created": None,
    "schema": SWEEP_SCHEMA + 1,
}


@pytest.mark.parametrize("field", DAMAGE)
def test_a_damaged_field_is_one_sentence_that_names_the_file(tmp_path, field):
    path = tmp_path / "a.json"
    path.write_text(json.dumps({**RECORD.to_json(), field: DAMAGE[field]}))
    with pytest.raises(DataError, match="is no record of a sweep") as error:
        read_sweep(path)
    assert str(error.value).startswith(str(path))
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("field", ["id", "created", "command", "dataset", "protocol", "backbone", "methods", "places"])
def test_a_field_that_every_record_has_is_required(field):
    data = {name: value for name, value in RECORD.to_json().items() if name != field}
    with pytest.raises(DataError, match=field):
        sweep_of(data, "here")


@pytest.mark.parametrize("key", ["../../victim", "x" * 16, 7, ""])
def test_a_key_is_one_of_a_cell_or_absent(key):
    data = RECORD.to_json()
    data["places"][0]["key"] = key
    with pytest.raises(DataError, match="is not a cell's key"):
        sweep_of(data, "here")


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b"[]", b"3"])
def test_a_file_that_holds_no_record_is_refused(tmp_path, content):
    path = tmp_path / "a.json"
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"a\.json is no record of a sweep"):
        read_sweep(path)
