"""The rules of a cell's identity, one by one: when each applies, and what it changes."""

from dataclasses import replace

import pytest
from helpers.elsewhere import CELL
from helpers.toys import TOYS

from bench.planning.rules import IDENTITY_RULES, PlaceFacts, apply_rules
from bench.records.component import PLAIN_FEED, Component

RULES = {rule.name: rule for rule in IDENTITY_RULES}
FULL = Component("full")
CACHED_VIEWS = Component("views", options={"count": 2})


def place(
    labels: str = "observed", epochs: int = 3, holdout: int = 0, varies: str = "", judged: str = "full"
) -> PlaceFacts:
    method = type("Labelled", (TOYS["toy_linear"],), {"labels": labels})
    return PlaceFacts(method, epochs, holdout, seed=5, first_seed=2, varies=varies, full=FULL, judged=judged)


def cell(facts: PlaceFacts):
    """The place's cell before any rule."""
    return replace(CELL, percent=30, seed=facts.seed, streams={}, holdout=facts.holdout, feed=CACHED_VIEWS)


APPLYING = {
    "no feed without training": [place("none"), place("none", epochs=0), place("full", epochs=0), place(epochs=0)],
    "no protocol without hidden labels": [
        *(place("full", judged=judged) for judged in ("full", "observed")),
        *(place("none", epochs=0, judged=judged) for judged in ("full", "observed")),
        place("none"),
    ],
    "no seed without randomness": [place("none", epochs=0), place("none", epochs=0, varies="mask")],
    "one stream varies": [place(varies="order"), place("full", varies="init"), place("none", varies="order")],
    "no mask that hides nothing": [place("full", varies="mask"), place("none", varies="mask")],
}
SPARED = {
    "no feed without training": [place(), place("full")],
    "no protocol without hidden labels": [place(), place(epochs=0), place("none", holdout=20, judged="observed")],
    "no seed without randomness": [place("none"), place(epochs=0), place("full", epochs=0)],
    "one stream varies": [place(), place("none", epochs=0, varies="order")],
    "no mask that hides nothing": [
        place(varies="mask"),
        place("full", varies="mask", holdout=20),
        place("full", varies="order"),
        place("none", epochs=0, varies="mask"),
    ],
}


def test_every_rule_has_a_name_of_its_own_and_a_reason_in_one_sentence():
    assert len(RULES) == len(IDENTITY_RULES)
    assert APPLYING.keys() == SPARED.keys() == RULES.keys()
    for rule in IDENTITY_RULES:
        assert rule.reason.endswith(".")
        assert rule.reason.count(". ") == 0


@pytest.mark.parametrize("name", RULES)
def test_a_rule_applies_where_it_says_and_nowhere_else(name):
    assert [RULES[name].applies(facts) for facts in APPLYING[name]] == [True] * len(APPLYING[name])
    assert [RULES[name].applies(facts) for facts in SPARED[name]] == [False] * len(SPARED[name])


CHANGED = {
    "no feed without training": {"feed": PLAIN_FEED},
    "no protocol without hidden labels": {"protocol": FULL, "percent": None, "judged": "full"},
    "no seed without randomness": {"seed": 0, "holdout": 0},
    "one stream varies": {"seed": 2, "streams": {"order": 5}},
    "no mask that hides nothing": {"seed": 2, "streams": {}},
}


@pytest.mark.parametrize("name", RULES)
def test_a_rule_changes_these_fields_alone(name):
    assert RULES[name].fields(APPLYING[name][0]) == CHANGED[name]


def test_a_trained_method_on_observed_labels_keeps_every_field():
    facts = place(holdout=20)
    assert apply_rules(cell(facts), facts) == cell(facts)


def test_an_untrained_method_without_labels_is_one_cell_for_all_seeds_and_ratios():
    cells = {
        apply_rules(replace(cell(facts), percent=percent), facts).key
        for percent in (10, 50)
        for facts in (
            replace(place("none", epochs=0, varies=v, holdout=h), seed=s)
            for s in (0, 1)
            for v in ("", "mask", "order")
            for h in (0, 20)
        )
    }
    assert len(cells) == 1


def test_a_varied_stream_leaves_all_others_at_the_first_seed():
    facts = place(varies="mask")
    varied = apply_rules(cell(facts), facts)
    assert [varied.stream(name) for name in ("mask", "init", "order")] == [5, 2, 2]
    facts = place("full", varies="mask")
    idle = apply_rules(cell(facts), facts)
    assert [idle.stream(name) for name in ("mask", "init", "order")] == [2, 2, 2]
