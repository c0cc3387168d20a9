"""`bench test`: a table, a sentence for each failure, and an exit code."""

import json

import pytest
from helpers.outside import changed

pytestmark = pytest.mark.slow

REFERENCE = ('    reference = "an example"\n', "")


def test_a_good_file_passes(call, write):
    result = call("test", str(write()))
    assert result.code == 0, result.out
    assert "method outside" in result.out
    assert "of 22 properties hold" in result.out
    assert "NO" not in result.out


def test_a_bad_file_is_told_what_and_why(call, write):
    result = call("test", str(write(changed(REFERENCE))))
    assert result.code == 1
    assert "`reference` is empty. That means: reports could not say" in result.out
    assert "21 of 22 properties hold" in result.out


def test_for_programs(call, write):
    actual = call("test", str(write(changed(REFERENCE))), "--json")
    [entry] = json.loads(actual.out)
    assert (entry["kind"], entry["name"]) == ("method", "outside")
    assert [result["name"] for result in entry["results"] if not result["ok"]] == ["says what it is"]


def test_a_name_of_any_axis(call):
    result = call("test", "full")
    assert result.code == 0
    assert "protocol full" in result.out


def test_what_cannot_be_tested_is_one_sentence(call, write):
    result = call("test", str(write("x =")))
    assert (result.code, result.out) == (2, "")
    assert "could not be loaded: SyntaxError" in result.err
    result = call("test", "fulll")
    assert result.code == 2
    assert "there is nothing called 'fulll'; give a file (NAME.py) or a name, did you mean 'full'" in result.err
