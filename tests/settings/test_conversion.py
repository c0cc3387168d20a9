"""Typed settings: strings become values, everything wrong gives one sentence, and values survive a round trip."""

import json
import math
from dataclasses import dataclass
from typing import Literal

import pytest

from bench.backbones import BACKBONES
from bench.data import DATASETS
from bench.errors import UsageError
from bench.records.component import canonical_json
from bench.settings.config import setting
from bench.settings.conversion import build, keyed_values, values
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
        ({"lr": "0"}, "give a finite number above 0."),
        ({"lr": "nan"}, "example.lr = 'nan' is not allowed; give a finite number above 0."),
        ({"lr": "inf"}, "a finite number above 0"),
        ({"free": "nan"}, "a finite number"),
        ({"epochs": "11"}, "a whole number of at least 0 and of at most 10"),
        ({"epochs": "1.5"}, "a whole number"),
        ({"epochs": "\u0663"}, "a whole number"),
        ({"count": 2**53 + 1}, "a whole number up to 9007199254740992"),
        ({"count": f"-{2**53 + 1}"}, "a whole number up to 9007199254740992"),
        ({"kind": "c"}, "give a or b."),
        ({"on": "perhaps"}, "give true or false."),
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


def test_a_setting_that_was_added_later_has_its_say_in_a_key_once_it_is_set():
    @dataclass(frozen=True, kw_only=True)
    class Grown:
        lr: float = setting(0.1, "rate")
        words: tuple[str, ...] = setting((), "new", added_later=True)

    assert keyed_values(Grown()) == {"lr": 0.1}
    assert keyed_values(Grown(words=("a",))) == {"lr": 0.1, "words": ["a"]}
    assert values(Grown()) == {"lr": 0.1, "words": []}
