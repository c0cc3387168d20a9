"""Recipe files of users, and what files made by `bench tune` must not lack."""

import pytest

from bench.errors import UsageError
from bench.planning.grid import variants
from bench.planning.recipes import read_recipe_file, recipe_for, tuned_set, tuned_sets
from bench.planning.trained_methods import lacking, trained_methods
from methods import METHODS

HEAD = 'backbone = "tiny_clip"\n'

WRONG = {
    "no TOML": ("backbone = tiny", "cannot be read"),
    "deep": ("a = " + "[" * 5000, "cannot be read"),
    "no backbone": ("[asl]\nlr = 0.1\n", 'begins with backbone = "NAME"'),
    "no method": (HEAD + "[asll]\nlr = 0.1\n", r"\[asll\] is no method.*asl"),
    "no setting": (HEAD + "[asl]\nlrr = 0.1\n", "asl has no setting 'lrr'.*lr"),
    "like nothing": (HEAD + '[asl]\nlike = "embedded:nope"\n', "is like 'embedded:nope', and there is no such table"),
    "like each other": (HEAD + '[asl]\nlike = "hill"\n[hill]\nlike = "asl"\n', "there is no such table with settings"),
    "like no name": (HEAD + "[asl]\nlike = 3\n", "is like 3"),
    "a huge number": (HEAD + f"[asl]\nlr = {'9' * 5000}\n", "cannot be read"),
    "otherwise no name": ("otherwise = []\n" + HEAD, r"otherwise is \[\]; allowed: embedded"),
    "otherwise no set": ('otherwise = "tiny_clap"\n' + HEAD, "otherwise is 'tiny_clap'; did you mean 'tiny_clip'"),
    "large": (HEAD + "#" * 1_000_000, "larger than 1,000,000 bytes"),
}


@pytest.fixture
def write(tmp_path):
    def made(text: str):
        path = tmp_path / "mine.toml"
        path.write_text(text)
        return path

    return made


@pytest.mark.parametrize(("text", "words"), WRONG.values(), ids=WRONG)
def test_what_is_no_recipe_file_is_told_in_a_sentence(text, words, write):
    with pytest.raises(UsageError, match=words) as caught:
        read_recipe_file(write(text))
    assert "\n" not in str(caught.value)


def test_methods_without_a_table_have_what_they_would_have_without_the_file(write):
    asl, hill = METHODS.get("asl"), METHODS.get("hill")
    path = str(write(HEAD + "[asl]\nlr = 0.125\n"))
    assert recipe_for(asl, path, "tiny_clip") == {"lr": 0.125}
    assert recipe_for(hill, path, "tiny_clip") == recipe_for(hill, "auto", "tiny_clip") != {}
    path = str(write('backbone = "RN101"\notherwise = "embedded"\n[asl]\nlike = "embedded:head"\nlr = 0.125\n'))
    assert recipe_for(hill, path, "RN101") == recipe_for(hill, "embedded", "RN101")
    assert recipe_for(asl, path, "RN101")["lr"] == 0.125
    assert recipe_for(asl, path, "RN101")["head"] == "attention"


def test_a_grid_compares_a_file_with_other_recipes(write):
    path = str(write(HEAD + "[asl]\nlr = 0.125\n"))
    assert [one.recipe for one in variants(["asl"], {"asl": {"recipe": ["auto", path]}})] == ["auto", path]


def test_a_trained_method_without_an_entry_is_named():
    trained = trained_methods("tiny_clip")
    assert {"asl", "trm_ml", "oracle"} < set(trained)
    assert not {"prior", "clip_zero_shot"} & set(trained)
    entries = {name: {} for name in trained}
    complete = tuned_set({"backbone": "tiny_clip", "tuned": {"trials": 20}, **entries})
    assert lacking(complete) == []
    del complete.tables["asl"], complete.tables["hill"]
    assert lacking(complete._replace(tuned={"left_out": {"hill": "it needs text"}})) == ["asl"]


def test_no_file_that_ships_lacks_a_trained_method():
    """Of those that say that `bench tune` wrote them; in others methods take over what was chosen for one of them."""
    assert {name: lacking(one) for name, one in tuned_sets().items() if one.tuned and lacking(one)} == {}
