"""`--grid`: which variants a method is run in, and what is refused before anything runs."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.errors import UsageError
from bench.planning.grid import LARGEST_GRID, parse_grid, variants
from bench.planning.plan import plan
from bench.planning.request import Request
from methods import METHODS


def settings(methods, *axes: str, **more) -> list[tuple[str, dict]]:
    return [(v.method, dict(v.overrides)) for v in variants(methods, parse_grid(axes), **more)]


def test_a_method_stands_once_for_each_value_and_others_as_they_are():
    assert settings(["asl", "dualcoop"], "asl.lr=1e-3,2e-3") == [
        ("asl", {"lr": 0.001}),
        ("asl", {"lr": 0.002}),
        ("dualcoop", {}),
    ]


@given(
    st.lists(st.integers(1, 999), min_size=1, max_size=4, unique=True),
    st.lists(st.integers(1, 999), min_size=1, max_size=4, unique=True),
)
def test_several_axes_of_a_method_make_the_product(epochs, sizes):
    axes = (f"asl.epochs={','.join(map(str, epochs))}", f"asl.batch_size={','.join(map(str, sizes))}")
    result = [(s["epochs"], s["batch_size"]) for _, s in settings(["asl"], *axes)]
    assert result == list(itertools.product(epochs, sizes))


def test_values_have_the_types_of_the_config():
    [(_, options)] = settings(["trm_ml"], "trm_ml.contrast=true")
    assert options == {"contrast": True}
    assert [v.name for v in variants(["asl"], parse_grid(["asl.lr=1e-5,1"]))] == ["asl [lr=1e-05]", "asl [lr=1.0]"]


def test_settings_that_go_together_need_not_each_go_alone():
    """Without a query level nothing is taught to it: each axis is checked for itself, then the whole."""
    both = settings(["trm_ml"], "trm_ml.query_level=false", "trm_ml.kd=none")
    assert both == [("trm_ml", {"query_level": False, "kd": "none"})]


def test_a_combination_that_cannot_be_is_refused_by_the_plan(resources):
    alone = variants(["trm_ml"], parse_grid(["trm_ml.query_level=false", "trm_ml.kd=logits"]))
    with pytest.raises(UsageError, match="needs query_level=true"):
        plan(Request(alone, (10,)), resources.dataset)


def test_commas_inside_a_value_are_quoted():
    assert parse_grid(['x.words="a, b",c', "x.other= 1 , 2"]) == {"x": {"words": ["a, b", "c"], "other": ["1", "2"]}}


def test_recipes_are_an_axis_too(resources):
    by_recipe = variants(["asl"], parse_grid(["asl.recipe=bce,asl"]))
    assert [(v.name, v.recipe, v.overrides) for v in by_recipe] == [
        ("asl [recipe=bce]", "bce", {}),
        ("asl [recipe=asl]", "asl", {}),
    ]
    bce, asl = (entry.cell.method.options for entry in plan(Request(by_recipe, (10,)), resources.dataset))
    recipes = METHODS.get("asl").recipes
    for options, name in ((bce, "bce"), (asl, "asl")):
        assert {option: options[option] for option in recipes[name]} == {**recipes[name]}
    assert bce != asl


def test_each_variant_has_a_place_and_a_cell_of_its_own(resources):
    sweep = Request(variants(["asl", "dualcoop"], parse_grid(["asl.lr=1e-3,2e-3"])), (10, 50))
    entries = plan(sweep, resources.dataset)
    assert [entry.method for entry in entries] == ["asl [lr=0.001]", "asl [lr=0.002]", "dualcoop"] * 2
    assert len({entry.cell.key for entry in entries}) == 6
    assert [entry.cell.method.options["lr"] for entry in entries[:2]] == [0.001, 0.002]


WRONG = {
    "option": (["asl.lrr=1"], "asl has no option 'lrr'; did you mean 'lr'?"),
    "value": (["asl.lr=fast"], "asl.lr = 'fast' is not allowed"),
    "out of bounds": (["asl.lr=-1"], "asl.lr = '-1' is not allowed"),
    "no value": (["asl.lr="], "has no value"),
    "an empty value": (["asl.lr=1,"], "asl.lr = '' is not allowed"),
    "the same twice": (["asl.lr=1e-3,0.001"], "asl.lr = 0.001 twice"),
    "the same axis twice": (["asl.lr=1", "asl.lr=2"], "asl.lr twice"),
    "form": (["lr=1,2"], "write METHOD.OPTION=VALUE,VALUE"),
    "quote": (['asl.lr="1,2'], "a quoted value does not end"),
    "no method": (["als.lr=1,2"], "There is no method 'als'"),
    "not here": (["hill.lr=1,2"], "which this run does not have; allowed: asl, dualcoop"),
    "a dataset": (["scenes.world=1,2"], "'scenes' is a dataset: all lines of a table share it"),
    "a protocol": (["frequency_biased.alpha=1,2"], "'frequency_biased' is a protocol"),
    "a backbone": (["RN50.image_size=224,448"], "'RN50' is a backbone"),
    "a feed": (["views.count=1,2"], "'views' is a feed"),
    "recipe": (["asl.recipe=bcee"], "method 'asl' has no recipe 'bcee'; did you mean 'bce'?"),
    "too many": (
        [f"asl.epochs={','.join(map(str, range(LARGEST_GRID + 1)))}"],
        f"at most {LARGEST_GRID} fit into a table",
    ),
}


@pytest.mark.parametrize(("axes", "words"), WRONG.values(), ids=WRONG)
def test_what_is_refused(axes, words):
    with pytest.raises(UsageError) as refusal:
        settings(["asl", "dualcoop"], *axes)
    assert words in str(refusal.value)


def test_what_is_set_for_all_variants_is_no_axis():
    with pytest.raises(UsageError, match=r"asl\.lr is given by --set and by --grid"):
        settings(["asl"], "asl.lr=1,2", fixed={"asl": {"lr": "3"}})
    assert len(settings(["asl"], "asl.lr=1,2", fixed={"asl": {"epochs": "3"}})) == 2
