"""The recipe file: written by a tuning, read by `--recipe`."""

import tomllib

import pytest

from bench.errors import UsageError
from bench.planning.recipes import read_recipe_file, recipe_for
from bench.settings.conversion import build
from bench.studies.tune.recipe_file import ALL_FAILED, refuse_other_files, render_recipe_file, space_fingerprint
from methods import METHODS

HOW = {"command": 'bench tune --set "a\\b"', "trials": 3, "percents": [10, 50]}


@pytest.fixture
def file(tuning, tmp_path):
    """A file of one method with better settings, one that stays and one whose trials all failed."""
    tunings = [
        tuning("asl", [70.0, None, 80.123], after={"lr": 1e-05, "gamma_neg": 2.0, "epochs": 3, "bias_init": "prior"}),
        tuning("bce_iu", [70.0, 60.0, 50.0]),
        tuning("hill", [None, None, None], before={"lr": 0.25}, after={"lr": 0.25}),
    ]
    path = tmp_path / "mine.toml"
    path.write_text(render_recipe_file("tiny_clip", HOW, tunings, {"scpnet": 'it needs "text"'}))
    return path


def test_a_run_takes_its_settings(file):
    asl = METHODS.get("asl")
    settings = recipe_for(asl, str(file), "tiny_clip")
    assert settings == {"lr": 1e-05, "gamma_neg": 2.0, "epochs": 3, "bias_init": "prior"}
    config = build(asl.Config, settings, owner="asl")
    assert (config.lr, config.epochs) == (1e-05, 3)


def test_it_says_how_they_were_chosen(file):
    tuned = read_recipe_file(file).tuned
    assert tuned["command"] == HOW["command"]
    assert tuned["left_out"] == {"scpnet": 'it needs "text"'}
    assert tuned["methods"]["asl"] == {
        "settings": "chosen", "heldout_mAP": 80.12, "heldout_mAP_as_they_were": 70.0, "trials": 3, "finished": 2,
        "trial": 2, "search": "asl-1a",
    }  # fmt: skip
    assert tuned["methods"]["bce_iu"]["settings"] == "as they were"


def test_a_method_whose_trials_all_failed_keeps_its_settings_and_the_file_says_so(file):
    assert read_recipe_file(file).tuned["methods"]["hill"] == {
        "settings": ALL_FAILED, "trials": 3, "finished": 0, "search": "hill-1a",
    }  # fmt: skip
    assert recipe_for(METHODS.get("hill"), str(file), "tiny_clip") == {"lr": 0.25}


def test_none_is_left_to_the_default_or_refused(tuning):
    focal, hst = tuning("focal", [1.0], after={"alpha": None, "lr": 0.5}), tuning("hst", [1.0], after={"glove": None})
    tables = tomllib.loads(render_recipe_file("tiny_clip", {}, [focal, hst], {}))
    focal_config = build(METHODS.get("focal").Config, tables["focal"], owner="focal")
    assert (focal_config.alpha, tables["hst"]) == (None, {})


def test_spaces_are_equal_where_their_fingerprints_are(tuning):
    one, other = tuning("asl", [1.0]), tuning("asl", [2.0, 3.0])
    wider = tuning("asl", [1.0], space={"lr": {"low": 1e-5, "high": 1e-1, "log": True}})
    assert space_fingerprint([one]) == space_fingerprint([other]) != space_fingerprint([wider])


def test_no_file_that_was_written_by_hand_is_replaced(file, tmp_path):
    refuse_other_files(file)
    by_hand = tmp_path / "hand.toml"
    by_hand.write_text('backbone = "tiny_clip"\n[asl]\nlr = 0.1\n')
    with pytest.raises(UsageError, match=r"hand\.toml: that file was not written by `bench tune`"):
        refuse_other_files(by_hand)
