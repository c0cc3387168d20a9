"""`bench variance` through the real command line."""

import json

import pytest
from helpers.commands import TINY


@pytest.mark.slow
def test_a_variance_study_end_to_end(call, tmp_path, toys):
    tiny = ("--methods", "toy_linear,clip_zero_shot", "--ratios", "0.5", "--seeds", "0-1", *TINY)
    result = call("variance", *tiny, "--set", "toy_linear.epochs=1", "--json")
    assert result.code == 0, result.err
    data = {(r["method"], r["source"]): r for r in json.loads(result.out)["variance"]}
    assert all(data["toy_linear", source]["sd"] > 0 for source in ("mask", "init", "order", "all"))
    assert all(data["clip_zero_shot", source]["sd"] == 0 for source in ("mask", "init", "order", "all"))
    [folder] = (tmp_path / "results" / "reports").glob("variance-*")
    assert {path.name for path in folder.iterdir()} >= {"variance.md", "variance.csv", "variance.png", "variance.svg"}
    again = call("variance", *tiny, "--set", "toy_linear.epochs=1")
    assert again.code == 0
    assert again.err == "", "nothing is run twice"
    assert "Scatter of mAP by source" in again.out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--seeds", "3"), "one seed has no scatter"),
        (("--streams", "mask,ordr"), "there is no stream 'ordr'; did you mean 'order'?"),
        (("--streams", ""), "--streams is empty"),
    ],
)
def test_a_variance_study_that_cannot_be(arguments, words, call):
    result = call("variance", "--methods", "asl", *TINY, *arguments)
    assert result.code == 2
    assert words in result.err
