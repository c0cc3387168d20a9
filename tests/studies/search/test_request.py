"""The request of a search: its identity, and what it refuses."""

import pytest
from helpers.search_world import a_search

from bench.errors import UsageError


def test_another_space_sampler_or_seed_is_another_search(cache):
    base, dataset = a_search(cache)
    others = [
        a_search(cache, sampler="random"),
        a_search(cache, seed=1),
        a_search(cache, percents=(10,)),
        a_search(cache, judged="full"),
        a_search(cache, spaces={"bce_iu": {"lr": {"low": 1e-3, "high": 1e-2}}}),
    ]
    assert len({base.id(dataset), *(requested.id(d) for requested, d in others)}) == 6
    assert base.id(dataset) == a_search(cache)[0].id(dataset)


def test_a_method_without_labels_is_judged_at_every_ratio_under_the_asked_protocol(cache):
    request, dataset = a_search(cache, "clip_zero_shot", overrides={})
    cells = request.cells(dataset, {})
    assert [(c.protocol.name, c.percent, c.holdout, c.judged) for c in cells] == [
        ("partial", 10, 20, "observed"),
        ("partial", 50, 20, "observed"),
    ]


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"holdout": 0}, "--holdout 0 leaves no image"),
        ({"protocol": "single_positive"}, "no negative is known"),
        ({"method": "prior", "overrides": {}}, "'prior' has no setting to search"),
        ({"pruner": "median", "spaces": {"bce_iu": {"epochs": {"low": 2, "high": 8}}}}, "keep epochs fixed"),
    ],
)
def test_what_would_tell_nothing_is_refused_in_one_sentence(cache, more, words):
    from bench.planning.request import Request
    from bench.studies.search.request import search_requests

    method, holdout = more.pop("method", "bce_iu"), more.pop("holdout", 20)
    told_apart = {name: more.pop(name) for name in ("pruner", "spaces") if name in more}
    sweep = Request(
        (method,), (10,), holdout=holdout, overrides={"scenes": {}}, protocol=more.pop("protocol", "partial")
    )
    with pytest.raises(UsageError, match=words) as caught:
        search_requests(sweep, **told_apart)
    assert "\n" not in str(caught.value)


def test_unknown_names_suggest_near_ones(monkeypatch):
    from bench.studies.search.samplers import check_names

    with pytest.raises(UsageError, match="no sampler 'tpee'; did you mean 'tpe'"):
        check_names("tpee", "none")
    with pytest.raises(UsageError, match="no pruner 'medium'"):
        check_names("tpe", "medium")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(UsageError, match="--sampler cmaes needs the package 'cmaes'; `pip install cmaes`"):
        check_names("cmaes", "none")
