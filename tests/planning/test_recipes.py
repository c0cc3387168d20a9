"""Recipes: every one builds, and `auto` takes the set of the backbone, else the paper's."""

import pytest

from bench.backbones import BACKBONES
from bench.errors import UsageError
from bench.planning.recipes import TunedSet, all_recipes, recipe_for, tuned_sets
from bench.settings.conversion import build
from methods import METHODS


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
    assert recipe_for(first, "auto", "tiny_clip") == tuned_sets()["tiny_clip"].tables["trm_ml_first"]


def test_each_backbone_can_have_a_set_of_its_own_that_falls_back_on_another():
    dualcoop, asl = METHODS.get("dualcoop"), METHODS.get("asl")
    words = {"n_ctx": 4, "ctx_init": "a photo of a"}
    assert recipe_for(dualcoop, "auto", "lite2_minilm") == {**recipe_for(dualcoop, "embedded", "RN101"), **words}
    assert "asl" not in tuned_sets()["lite2_minilm"].tables
    assert recipe_for(asl, "auto", "lite2_minilm") == recipe_for(asl, "embedded", "RN101")


def test_a_set_is_a_recipe_of_all_methods_as_its_file_is():
    prior, aevlp = METHODS.get("prior"), METHODS.get("aevlp")
    assert recipe_for(prior, "embedded", "tiny_clip") == recipe_for(prior, "auto", "tiny_clip")
    assert recipe_for(aevlp, "lite2_minilm", "RN101") == recipe_for(aevlp, "embedded", "RN101") != {}


def test_of_two_sets_for_a_backbone_auto_takes_the_one_that_tune_wrote(monkeypatch):
    by_hand = TunedSet("tiny_clip", "", {"asl": {"lr": 0.5}, "prior": {}, "hill": {"lr": 0.25}}, {})
    tables = {"asl": {"lr": 0.125}, "oracle": {"lr": 0.0625}}
    by_tune = TunedSet("tiny_clip", "", tables, {"trials": 5, "protocol": "partial"})
    monkeypatch.setattr("bench.planning.recipes.tuned_sets", lambda: {"a": by_hand, "b": by_tune})
    assert recipe_for(METHODS.get("asl"), "auto", "tiny_clip") == {"lr": 0.125}
    assert recipe_for(METHODS.get("asl"), "a", "tiny_clip") == {"lr": 0.5}
    assert recipe_for(METHODS.get("hill"), "auto", "tiny_clip") == {"lr": 0.25}
    assert recipe_for(METHODS.get("asl"), "auto", "tiny_clip", "partial") == {"lr": 0.125}
    assert recipe_for(METHODS.get("asl"), "auto", "tiny_clip", "single_positive") == {"lr": 0.5}, "chosen for partial"
    assert recipe_for(METHODS.get("oracle"), "auto", "tiny_clip", "single_positive") == {"lr": 0.0625}, "hides nothing"
    assert recipe_for(METHODS.get("asl"), "b", "tiny_clip", "single_positive") == {"lr": 0.125}, "asked for by name"


def test_sets_name_methods_or_tables_that_others_are_like():
    for name, one in tuned_sets().items():
        like = {table["like"].rpartition(":")[2] for table in one.tables.values() if "like" in table}
        assert set(one.tables) <= {*METHODS.names(), *like}, name
        assert one.backbone in BACKBONES.names()
