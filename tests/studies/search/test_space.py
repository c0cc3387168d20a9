"""Every registered method can be searched: its ranges build valid configs, and hold what it runs with anyway."""

import numpy as np
import pytest

from bench.errors import UsageError
from bench.planning.recipes import recipe_for
from bench.settings.config import search_ranges
from bench.settings.conversion import build
from bench.settings.ranges import Choice
from bench.studies.search.space import read_spaces, space_of, start_of, trial_settings
from methods import METHODS

NOTHING_TO_SEARCH = ("prior",)
"""It counts labels; there is nothing to choose."""

SEARCHED = [name for name in METHODS.names() if name not in NOTHING_TO_SEARCH]


def embedded(name):
    return recipe_for(METHODS.get(name), "auto", "tiny_clip")


@pytest.mark.parametrize("name", SEARCHED)
def test_every_method_has_a_space_of_a_size_that_can_be_searched(name):
    space = space_of(METHODS.get(name), embedded(name))
    assert 1 <= len(space) <= 12
    trained = METHODS.get(name).Config(**embedded(name)).epochs > 0
    assert ("lr" in space) == trained, "the learning rate matters wherever something is trained, and nowhere else"


@pytest.mark.parametrize("name", SEARCHED)
def test_both_ends_of_every_range_build_alone_and_any_mixture_builds_together(name):
    method, base = METHODS.get(name), embedded(name)
    space = space_of(method, base)
    for option, range_ in space.items():
        for end in range_.ends:
            config = build(method.Config, {**base, option: end}, owner=name)
            assert getattr(config, option) == end
    rng = np.random.default_rng(0)
    for _ in range(30):
        mixture = {option: rng.choice(np.array(range_.ends, dtype=object)) for option, range_ in space.items()}
        build(method.Config, {**base, **trial_settings(space, mixture)}, owner=name)


@pytest.mark.parametrize("name", SEARCHED)
def test_the_embedded_settings_lie_inside_so_that_they_are_tried_first(name):
    method = METHODS.get(name)
    config = build(method.Config, embedded(name), owner=name)
    space = space_of(method, embedded(name))
    start = start_of(space, config)
    assert start == {option: getattr(config, option) for option in space}


@pytest.mark.parametrize("name", METHODS.names())
def test_how_long_it_trains_is_a_budget_and_not_searched(name):
    assert not {"epochs", "batch_size", "amp"} & set(search_ranges(METHODS.get(name).Config))


def test_what_the_user_sets_is_not_searched_unless_the_file_says_so():
    asl = METHODS.get("asl")
    assert "lr" not in space_of(asl, {"lr": 1e-3}, fixed={"lr"})
    assert "lr" in space_of(asl, {"lr": 1e-3}, overrides={"lr": {"low": 1e-4, "high": 1e-2}}, fixed={"lr"})


@pytest.mark.parametrize("name", [name for name in SEARCHED if hasattr(METHODS.get(name).Config, "ctx_init")])
def test_the_number_of_contexts_is_not_searched_where_words_decide_it(name):
    method, settings = METHODS.get(name), {"ctx_init": "a photo of a"}
    assert "n_ctx" not in space_of(method, settings)
    assert ("n_ctx" in space_of(method, {"ctx_init": ""})) == ("n_ctx" in search_ranges(method.Config))


def test_a_file_adds_changes_and_fixes_options(tmp_path):
    path = tmp_path / "space.yaml"
    path.write_text("asl:\n  lr: {low: 1e-3, high: 1e-2, log: true}\n  clip: null\n  head: [linear, mlp]\n")
    result = read_spaces(path, ("asl",))
    space = space_of(METHODS.get("asl"), {}, result["asl"])
    assert (space["lr"].low, space["lr"].high, space["lr"].log) == (1e-3, 1e-2, True)
    assert "clip" not in space
    assert space["head"] == Choice(("linear", "mlp"))


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"lrr": [1, 2]}, "names asl.lrr; did you mean 'lr'"),
        ({"lr": {"low": -1, "high": 1}}, "lr = -1 is not allowed"),
        ({"head": ["linear", "forest"]}, "head = 'forest' is not allowed"),
        ({"epochs": {"low": 1.5, "high": 3}}, "integer ends"),
    ],
)
def test_a_file_that_asks_for_the_impossible_gives_one_sentence(given, words):
    with pytest.raises(UsageError) as caught:
        space_of(METHODS.get("asl"), {}, given)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [("asl: 3\n", "must say METHOD"), ("[1]", "must say METHOD"), ("bce_an: {lr: [1.0, 2.0]}", "names 'bce_an'")],
)
def test_a_space_file_of_another_form_is_refused(tmp_path, text, words):
    path = tmp_path / "space.yaml"
    path.write_text(text)
    with pytest.raises(UsageError, match=words):
        read_spaces(path, ("asl",))


def test_a_method_with_nothing_to_search_says_so():
    with pytest.raises(UsageError, match="'prior' has no setting to search"):
        space_of(METHODS.get("prior"), {})
