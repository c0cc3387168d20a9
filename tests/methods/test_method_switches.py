"""What every method that declares parts must keep: each is on by default, comes out by its settings, and matters."""

import functools
import itertools

import pytest
import torch
from helpers.conformance import partial
from helpers.toy_world import Data, build_task, draw_toy_data, fit

from bench.records.component import Component, canonical_json
from bench.settings.conversion import build, values
from bench.studies.ablation.designs import combinations, leave_one_out
from bench.studies.ablation.parts import overrides, switched_on
from methods import METHODS, Method

pytestmark = pytest.mark.slow

SWITCHED = [name for name in METHODS.names() if METHODS.get(name).switches]
PARTS = [(name, part) for name in SWITCHED for part in METHODS.get(name).switches]
EPOCHS = 7

every_switched_method = pytest.mark.parametrize("name", SWITCHED)
every_part = pytest.mark.parametrize(("name", "part"), PARTS, ids=lambda value: value.replace(" ", "_"))


def config(name: str, **settings: object):
    method = METHODS.get(name)
    return build(method.Config, settings, owner=name)


def trained_scores(name: str, data: Data, settings: dict) -> torch.Tensor:
    torch.manual_seed(0)
    model: Method = METHODS.get(name)(config(name, **settings), build_task(data.labels))
    return fit(model, data, EPOCHS).score(data.features)


SHOWN: dict[str, dict] = {
    "csl": {"prior_threshold": 0.68, "topk": 1},
    "curriculum": {"threshold": 0.1},
    "cft": {"epochs": EPOCHS, "held_out": 0.4, "tune_lr": 1e-2},
    "logicmix": {"epochs": EPOCHS, "threshold": 0.1},
    "ignore": {"decay": 0.5},
    "em_apl": {"epochs": EPOCHS},
    "splc": {"tau": 0.3},
}
"""Settings under which a part shows in a short training on five classes: thresholds that are reached there."""


@functools.cache
def whole_scores(name: str) -> torch.Tensor:
    return trained_scores(name, partial(draw_toy_data(40, seed=0)), SHOWN.get(name, {}))


def test_the_methods_whose_papers_have_ablations_declare_their_parts() -> None:
    expected = {"trm_ml", "dualcoop_pp", "scpnet", "sst", "sarb", "hst", "sr_cr", "boostlu", "splc", "em_apl", "csl"}
    assert expected <= set(SWITCHED)


@every_switched_method
def test_declarations_are_whole(name: str) -> None:
    """Needs name parts and form no circle; settings exist, have the right type, and say what they are."""
    parts = METHODS.get(name).switches
    plain = values(config(name))
    for part in parts.values():
        assert part.off
        assert part.what
        assert set(part.needs) <= set(parts)
        assert set(part.off) <= set(plain)
    assert tuple(parts) in set(combinations(parts)), "the parts need each other in a circle"
    for on in combinations(parts):
        settings = overrides(parts, on)
        built = values(config(name, **settings))
        assert {key: built[key] for key in settings} == settings, "settings are as typed as the config has them"


@every_switched_method
def test_every_combination_builds_and_has_just_its_parts(name: str) -> None:
    parts = METHODS.get(name).switches
    for on in combinations(parts):
        assert switched_on(parts, values(config(name, **overrides(parts, on)))) == on


@every_switched_method
def test_every_combination_is_a_cell_of_its_own(name: str) -> None:
    """No two variants share a key, and none hides behind the whole method's."""
    method = METHODS.get(name)
    components = [
        Component(name, method.version, values(config(name, **overrides(method.switches, on))))
        for on in combinations(method.switches)
    ]
    texts = {canonical_json(component.to_json()) for component in components}
    assert len(texts) == len(components)


@every_part
def test_a_part_left_out_changes_what_is_learned(name: str, part: str, data: Data) -> None:
    data = partial(data)
    arms = leave_one_out(METHODS.get(name).switches)
    without = next(arm for arm in arms if arm.changed[:1] == (part,))
    settings = SHOWN.get(name, {})
    # That training repeats bit by bit, so that a difference is the part's, is tested for every method elsewhere.
    assert not torch.allclose(
        whole_scores(name), trained_scores(name, data, {**settings, **without.overrides}), atol=1e-6
    )


@pytest.mark.parametrize(("name", "settings"), [
    ("em_apl", {"beta": 0.2}), ("em_apl", {"proportion": 0.5}), ("partial_bce", {"gamma": 1.5}),
    ("curriculum", {"gamma": 1.5}), ("gr", {"q_positive": 0.5}), ("gr", {"q_negative": 0.5}), ("splc", {"tau": 0.5}),
    ("hill", {"lamb": 2.0}), ("boostlu", {"delta": 5.0}), ("vlpl", {"pseudo_target": 0.6}),
], ids=str)  # fmt: skip
def test_a_setting_that_is_no_part_reaches_training_too(name: str, settings: dict, data: Data) -> None:
    data = partial(data)
    whole, other = (trained_scores(name, data, {"epochs": EPOCHS, **each}) for each in ({}, settings))
    assert not torch.allclose(whole, other, atol=1e-6)


@every_switched_method
def test_the_bare_baseline_learns(name: str, data: Data) -> None:
    """All parts off is still a method: its scores are finite and differ from image to image."""
    scores = trained_scores(name, partial(data), overrides(METHODS.get(name).switches, ()))
    assert scores.isfinite().all()
    assert scores.std(dim=0).min() > 0


@pytest.mark.parametrize("name", [name for name in METHODS.names() if METHODS.get(name).ladder])
def test_a_ladder_climbs_to_the_whole_method_in_different_steps(name: str) -> None:
    rungs = [config(name, **settings) for settings in METHODS.get(name).ladder.values()]
    assert rungs[-1] == config(name)
    assert all(below != above for below, above in itertools.combinations(rungs, 2))


@pytest.mark.parametrize("name", [name for name in METHODS.names() if METHODS.get(name).sensitivity])
def test_values_for_sensitivity_are_allowed_and_several(name: str) -> None:
    for setting, declared in METHODS.get(name).sensitivity.items():
        result = [values(config(name, **{setting: value}))[setting] for value in declared]
        assert result == list(declared)
        assert len(set(result)) >= 3
