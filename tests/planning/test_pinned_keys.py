"""Keys of cells are those of the first release: a change that moves one would train every finished cell again."""

from types import SimpleNamespace
from typing import Any

import pytest

from bench.data import DATASETS, Dataset
from bench.planning.plan import plan
from bench.planning.request import Request, Variant

METHODS = ("asl", "dualcoop", "clip_zero_shot", "oracle", "tai_dpt")


def varying(stream: str) -> tuple[Variant, ...]:
    return tuple(Variant(name, {}, f"{name} [{stream}]", varies=stream) for name in METHODS)


CLASS_LEVEL = Variant("asl", recipe="asl-class", name="asl class")
TWO_EPOCHS = {"asl": {"epochs": 2}}

REQUESTS: dict[str, dict[str, Any]] = {
    "plain": {"methods": METHODS, "percents": (10,), "seeds": (3,)},
    "views, held out": {"methods": METHODS, "percents": (10,), "seeds": (3,), "holdout": 20, "feed": "views"},
    "live": {"methods": ("asl", "clip_zero_shot"), "percents": (50,), "feed": "live"},
    "single positive": {"methods": METHODS, "percents": (10, 50), "protocol": "single_positive"},
    "variants": {"methods": (Variant("asl", {"lr": 1e-2}), CLASS_LEVEL), "percents": (10,), "overrides": TWO_EPOCHS},
    "order": {"methods": varying("order"), "percents": (10,), "seeds": (3, 4)},
    "mask": {"methods": varying("mask"), "percents": (10,), "seeds": (3, 4)},
    "mask, held out": {"methods": varying("mask"), "percents": (10,), "seeds": (3, 4), "holdout": 20},
}

PINNED = {
    "plain": (
        "asl|10|3|165219d9270b2455",
        "dualcoop|10|3|3e39293b3c2df1f7",
        "clip_zero_shot|10|3|6cf0a754755eae3b",
        "oracle|10|3|42aaade183dcb003",
        "tai_dpt|10|3|8eaa8bc795268e34",
    ),
    "views, held out": (
        "asl|10|3|2468609e8ac401b4",
        "dualcoop|10|3|b6d2a9f924f5a6b1",
        "clip_zero_shot|10|3|6cf0a754755eae3b",
        "oracle|10|3|44dcc1a659092b3b",
        "tai_dpt|10|3|4f8ae85f6d48652d",
    ),
    "live": (
        "asl|50|0|1ee0fb41eb0771f3",
        "clip_zero_shot|50|0|6cf0a754755eae3b",
    ),
    "single positive": (
        "asl|None|0|-",
        "dualcoop|None|0|-",
        "clip_zero_shot|None|0|6cf0a754755eae3b",
        "oracle|None|0|500263f6de6e1d70",
        "tai_dpt|None|0|99e259bc54e6d1c7",
    ),
    "variants": (
        "asl [lr=0.01]|10|0|9000fc22caeb34c8",
        "asl class|10|0|bb3af97bbc70b737",
    ),
    "order": (
        "asl [order]|10|3|165219d9270b2455",
        "dualcoop [order]|10|3|3e39293b3c2df1f7",
        "clip_zero_shot [order]|10|3|6cf0a754755eae3b",
        "oracle [order]|10|3|42aaade183dcb003",
        "tai_dpt [order]|10|3|8eaa8bc795268e34",
        "asl [order]|10|4|ece737475a37e830",
        "dualcoop [order]|10|4|e6bf5a5a56fa65c3",
        "clip_zero_shot [order]|10|4|6cf0a754755eae3b",
        "oracle [order]|10|4|a1739cb71c949f10",
        "tai_dpt [order]|10|4|aad81e71d2532112",
    ),
    "mask": (
        "asl [mask]|10|3|165219d9270b2455",
        "dualcoop [mask]|10|3|3e39293b3c2df1f7",
        "clip_zero_shot [mask]|10|3|6cf0a754755eae3b",
        "oracle [mask]|10|3|42aaade183dcb003",
        "tai_dpt [mask]|10|3|8eaa8bc795268e34",
        "asl [mask]|10|4|5cadf2adccdc65c4",
        "dualcoop [mask]|10|4|52a49b63b888c5dd",
        "clip_zero_shot [mask]|10|4|6cf0a754755eae3b",
        "oracle [mask]|10|4|42aaade183dcb003",
        "tai_dpt [mask]|10|4|8eaa8bc795268e34",
    ),
    "mask, held out": (
        "asl [mask]|10|3|b288698f14287518",
        "dualcoop [mask]|10|3|1c7dd5513be08b83",
        "clip_zero_shot [mask]|10|3|6cf0a754755eae3b",
        "oracle [mask]|10|3|b3a08add7fab8ddb",
        "tai_dpt [mask]|10|3|4f8ae85f6d48652d",
        "asl [mask]|10|4|362a3b58273def72",
        "dualcoop [mask]|10|4|d660b1cf589b9da8",
        "clip_zero_shot [mask]|10|4|6cf0a754755eae3b",
        "oracle [mask]|10|4|203ce00177852bea",
        "tai_dpt [mask]|10|4|e96d91f760f2b0ff",
    ),
}
"""`variant|percent|seed|key` of each place, `-` for one that is skipped."""


@pytest.mark.parametrize("name", REQUESTS)
def test_keys_are_those_of_the_first_release(name):
    scenes = DATASETS.get("scenes")
    options = scenes.Options(n_train=200, n_test=100)
    drawn = {"name": "scenes", "version": scenes.version, "options": options, "fingerprint": "f" * 64}
    dataset: Any = SimpleNamespace(**drawn, check=lambda: None, has_unknown=False)
    dataset.component = Dataset.component.fget(dataset)  # type: ignore[attr-defined]
    places = [planned.place for planned in plan(Request(recipe="embedded", **REQUESTS[name]), dataset)]
    assert tuple(f"{p.method}|{p.percent}|{p.seed}|{p.key or '-'}" for p in places) == PINNED[name]
