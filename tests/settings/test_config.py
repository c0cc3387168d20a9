"""Typed settings: strings become values, everything wrong gives one sentence, and values survive a round trip."""

import dataclasses
import json
import math
from dataclasses import dataclass
from typing import Literal

import pytest

from bench.backbones import BACKBONES
from bench.data import DATASETS
from bench.errors import UsageError
from bench.planning.recipes import all_recipes, recipe_for, tuned_sets
from bench.records.cells import canonical_json
from bench.settings.config import build, keyed_values, parse_overrides, setting, values
from methods import METHODS
from protocols import PROTOCOLS


@dataclass(frozen=True, kw_only=True)
class Example:
    lr: float = setting(1e-3, "step size", gt=0)
    free: float = setting(0.0, "any number")
    count: int = setting(0, "any whole number")
    epochs: int = setting(5, "epochs", ge=0, le=10)
    kind: Literal["a", "b"] = setting("a", "which")
    sizes: tuple[int, ...] = setting((1, 2), "sizes")
    on: bool = setting(True, "switch")

    def __post_init__(self) -> None:
        if self.kind == "b" and not self.on:
            raise ValueError("kind=b needs on=true")


def test_strings_are_converted():
    built = build(Example, {"lr": "2e-3", "epochs": "7", "kind": "b", "on": "true", "sizes": ["3"]}, owner="example")
    assert built == Example(lr=2e-3, epochs=7, kind="b", on=True, sizes=(3,))


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"lrr": 1}, "example has no option 'lrr'; did you mean 'lr'"),
        ({"lr": "fast"}, "example.lr = 'fast' is not allowed"),
        ({"lr": "0"}, "greater than 0"),
        ({"lr": "nan"}, "finite"),
        ({"lr": "inf"}, "finite"),
        ({"free": "nan"}, "finite"),
        ({"epochs": "11"}, "less than or equal to 10"),
        ({"epochs": "1.5"}, "integer"),
        ({"epochs": "\u0663"}, "integer"),
        ({"count": 2**53 + 1}, "whole numbers go up to 9007199254740992"),
        ({"count": f"-{2**53 + 1}"}, "whole numbers go up to 9007199254740992"),
        ({"kind": "c"}, "'a' or 'b'"),
        ({"kind": "b", "on": "false"}, "example: kind=b needs on=true"),
    ],
)
def test_what_is_wrong_gives_one_sentence(given, words):
    with pytest.raises(UsageError) as caught:
        build(Example, given, owner="example")
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("largest", [2**53, -(2**53)])
def test_whole_numbers_that_a_float_holds_are_allowed(largest):
    assert build(Example, {"count": str(largest)}, owner="example").count == largest


def test_an_unknown_bound_is_a_defect_of_the_caller():
    with pytest.raises(TypeError, match="unknown bounds"):
        setting(1, "x", at_least=0)


def configs():
    for name in METHODS.names():
        yield pytest.param(METHODS.get(name).Config, id=name)
    for registry in (DATASETS, PROTOCOLS, BACKBONES):
        for name in registry.names():
            yield pytest.param(registry.get(name).Options, id=f"{registry.kind}-{name}")


@pytest.mark.parametrize("config", list(configs()))
def test_defaults_pass_their_own_checks_and_survive_json(config):
    """A default of another type than its field (0 for a float) would give one cell two keys."""
    default = values(config())
    again = build(config, json.loads(json.dumps(default)), owner="x")
    assert canonical_json(values(again)) == canonical_json(default)
    as_text = {name: str(v) for name, v in default.items() if isinstance(v, (int, float, str))}
    assert canonical_json(values(build(config, as_text, owner="x"))) == canonical_json(default)
    assert all(math.isfinite(v) for v in default.values() if isinstance(v, float))


@pytest.mark.parametrize("name", METHODS.names())
def test_every_field_of_a_method_says_what_it_is(name):
    assert all(f.metadata.get("help") for f in dataclasses.fields(METHODS.get(name).Config))


@pytest.mark.parametrize("name", METHODS.names())
def test_every_recipe_builds(name):
    method = METHODS.get(name)
    for recipe in {"auto", *all_recipes(method)}:
        for backbone in ("tiny_clip", "lite2_minilm", "RN101"):
            build(method.Config, recipe_for(method, recipe, backbone), owner=name)


def test_an_unknown_recipe_lists_the_known_ones():
    with pytest.raises(UsageError, match=r"method 'asl' has no recipe 'papper'.*auto.*bce"):
        recipe_for(METHODS.get("asl"), "papper", "tiny_clip")


def test_auto_takes_the_papers_recipe_beside_the_embedded_backbone_only():
    trm_ml = METHODS.get("trm_ml")
    assert recipe_for(trm_ml, "auto", "RN101") == trm_ml.recipes["paper"]
    first = METHODS.get("trm_ml_first")
    assert recipe_for(first, "auto", "tiny_clip") == tuned_sets()["embedded"].tables["trm_ml_first"]


def test_each_backbone_can_have_a_set_of_its_own_that_falls_back_on_another():
    dualcoop, asl = METHODS.get("dualcoop"), METHODS.get("asl")
    words = {"n_ctx": 4, "ctx_init": "a photo of a"}
    assert recipe_for(dualcoop, "auto", "lite2_minilm") == {**recipe_for(dualcoop, "embedded", "RN101"), **words}
    assert "asl" not in tuned_sets()["lite2_minilm"].tables
    assert recipe_for(asl, "auto", "lite2_minilm") == recipe_for(asl, "embedded", "RN101")


def test_sets_name_methods_or_tables_that_others_are_like():
    for name, one in tuned_sets().items():
        like = {table["like"].rpartition(":")[2] for table in one.tables.values() if "like" in table}
        assert set(one.tables) <= {*METHODS.names(), *like}, name
        assert one.backbone in BACKBONES.names()


def test_a_setting_that_was_added_later_has_its_say_in_a_key_once_it_is_set():
    @dataclass(frozen=True, kw_only=True)
    class Grown:
        lr: float = setting(0.1, "rate")
        words: tuple[str, ...] = setting((), "new", added_later=True)

    assert keyed_values(Grown()) == {"lr": 0.1}
    assert keyed_values(Grown(words=("a",))) == {"lr": 0.1, "words": ["a"]}
    assert values(Grown()) == {"lr": 0.1, "words": []}


def test_overrides_are_split_by_owner():
    assert parse_overrides(["scenes.world=7", "scenes.n_train = 500", "asl.lr=1=2"]) == {
        "scenes": {"world": "7", "n_train": "500"},
        "asl": {"lr": "1=2"},
    }


@pytest.mark.parametrize("text", ["", "scenes", "scenes.world", "world=7", ".world=7", "scenes.=7", "="])
def test_a_malformed_override_shows_the_form(text):
    with pytest.raises(UsageError, match=r"write NAME\.OPTION=VALUE"):
        parse_overrides([text])


def test_setting_an_option_twice_is_refused():
    with pytest.raises(UsageError, match=r"scenes\.world is set twice"):
        parse_overrides(["scenes.world=1", "scenes.world=2"])
