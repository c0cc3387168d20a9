"""`bench test`: a table, a sentence for each failure, and an exit code."""

import json

import pytest
from helpers.outside import changed

pytestmark = pytest.mark.slow

REFERENCE = ('    reference = "an example"\n', "")


def test_a_good_file_passes(call, write):
    told = call("test", str(write()))
    assert told.code == 0, told.out
    assert "method outside" in told.out
    assert "of 22 properties hold" in told.out
    assert "NO" not in told.out


def test_a_bad_file_is_told_what_and_why(call, write):
    told = call("test", str(write(changed(REFERENCE))))
    assert told.code == 1
    assert "`reference` is empty. That means: reports could not say" in told.out
    assert "21 of 22 properties hold" in told.out


def test_for_programs(call, write):
    told = call("test", str(write(changed(REFERENCE))), "--json")
    [entry] = json.loads(told.out)
    assert (entry["kind"], entry["name"]) == ("method", "outside")
    assert [result["name"] for result in entry["results"] if not result["ok"]] == ["says what it is"]


def test_a_name_of_any_axis(call):
    told = call("test", "full")
    assert told.code == 0
    assert "protocol full" in told.out


def test_what_cannot_be_tested_is_one_sentence(call, write):
    told = call("test", str(write("x =")))
    assert (told.code, told.out) == (2, "")
    assert "could not be loaded: SyntaxError" in told.err
    told = call("test", "fulll")
    assert told.code == 2
    assert "there is nothing called 'fulll'; give a file (NAME.py) or a name, did you mean 'full'" in told.err
