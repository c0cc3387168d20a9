"""What every registered method must do, first half: what it says, scores and holds. A new one is tested by being
registered; how it trains is in `test_conformance_training`.
"""

import copy
import dataclasses
import io
import pickle

import pytest
import torch
from helpers.conformance import ALL, TRAINED, assert_same_state, every_method, make, partial, trained
from helpers.toy_world import Data, build_task, fit
from torch import Tensor

from bench.errors import UsageError
from bench.settings.config import build, values
from methods import METHODS, Features


def part(features: Features, rows: slice | Tensor) -> Features:
    return Features(*(tensor[rows] for tensor in features))


def test_every_file_of_methods_can_be_imported() -> None:
    assert METHODS.broken() == {}
    assert {"asl", "clip_zero_shot", "dualcoop", "oracle"} <= set(ALL)


@every_method
def test_it_says_what_it_is(name: str) -> None:
    method = METHODS.get(name)
    assert method.name == name
    assert method.reference
    assert method.equation
    assert method.defaults_from
    assert (method.__doc__ or "").strip().split("\n")[0].endswith(".")
    for field in dataclasses.fields(method.Config):
        assert field.metadata["help"], field.name


@every_method
def test_it_says_whether_it_uses_the_text_tower(name: str, data: Data) -> None:
    task = dataclasses.replace(build_task(data.labels), text_tower=None)
    if METHODS.get(name).text:
        with pytest.raises(AssertionError, match="text = True"):
            make(name, task).scorer()
    else:
        assert make(name, task).score(data.features).isfinite().all()


@every_method
def test_settings_and_recipes_are_valid(name: str, data: Data) -> None:
    """Recipes build, and a config survives the way through the store's JSON."""
    method, task = METHODS.get(name), build_task(data.labels)
    for recipe in [{}, *method.recipes.values()]:
        config = build(method.Config, recipe, owner=name)
        assert build(method.Config, values(config), owner=name) == config
        assert method(config, task).score(data.features).isfinite().all()


@every_method
def test_factors_on_rates_are_those_of_parameters_that_it_has(name: str, data: Data) -> None:
    """A parameter that is renamed would silently go on at the common rate."""
    method = METHODS.get(name)
    config, keys = method.Config(), [key for key, _ in make(name, build_task(data.labels)).named_parameters()]
    for part in {**method.lr_multipliers(config), **method.decay_multipliers(config)}:
        assert any(part in key for key in keys), part
        assert not all(part in key for key in keys), f"{part} is all that there is: set lr"


@every_method
def test_it_is_trained_or_cannot_be(name: str, data: Data) -> None:
    """No method is kept out of the second half of this suite by a default of no epochs."""
    method = METHODS.get(name)
    if name in TRAINED:
        return
    with pytest.raises(UsageError, match="epochs"):
        build(method.Config, {"epochs": 1}, owner=name)
    assert not list(make(name, build_task(data.labels)).parameters())


@every_method
def test_scores_are_float32_logits_of_each_image_alone(name: str, data: Data, unseen: Data) -> None:
    model = trained(name, partial(data))
    score = model.eval().scorer()
    scores = score(unseen.features)
    assert scores.shape == (200, 5)
    assert scores.dtype == torch.float32
    assert not scores.requires_grad
    assert scores.isfinite().all()
    if METHODS.get(name).reads_images:
        assert (scores.std(dim=0) > 0).all()
    else:
        assert torch.equal(scores, scores[:1].expand(200, -1)), "what says that it reads no images reads them"
    halves = torch.cat([score(part(unseen.features, slice(0, 100))), score(part(unseen.features, slice(100, None)))])
    torch.testing.assert_close(halves, scores, rtol=1e-5, atol=1e-5)
    order = torch.randperm(200)
    torch.testing.assert_close(score(part(unseen.features, order)), scores[order], rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(score(part(unseen.features, slice(3, 4))), scores[3:4], rtol=1e-5, atol=1e-5)


@every_method
def test_scoring_leaves_no_trace(name: str, data: Data) -> None:
    model = trained(name, partial(data)).train()
    before, random_state = copy.deepcopy(model.state_dict()), torch.get_rng_state()
    model.score(data.features)
    assert model.training
    assert torch.equal(torch.get_rng_state(), random_state)
    assert_same_state(model.state_dict(), before)


@every_method
def test_only_losses_come_from_forward(name: str, data: Data) -> None:
    with pytest.raises(ValueError, match="scorer"):
        make(name, build_task(data.labels))(data.features, data.labels, torch.arange(40), mode="predict")


@every_method
def test_the_state_is_complete_and_holds_no_text_tower(name: str, data: Data) -> None:
    data = partial(data)
    model = trained(name, data)
    file = io.BytesIO()
    torch.save(model.state_dict(), file)
    file.seek(0)
    restored = make(name, build_task(data.labels), seed=9)
    restored.load_state_dict(torch.load(file, weights_only=True))
    assert torch.equal(restored.score(data.features), model.score(data.features))
    for key, value in [*model.state_dict().items(), *model.named_parameters()]:
        for frozen in model.task.text.parameters():
            assert value.shape != frozen.shape or not torch.equal(value, frozen), key


@every_method
def test_copies_are_equal_and_apart(name: str, data: Data) -> None:
    data = partial(data)
    model = trained(name, data)
    scores = model.score(data.features)
    twin = copy.deepcopy(model)
    assert twin.task is model.task
    assert torch.equal(twin.score(data.features), scores)
    assert torch.equal(pickle.loads(pickle.dumps(model)).score(data.features), scores)
    if name in TRAINED:
        fit(twin, data, 2)
        assert not torch.equal(twin.score(data.features), scores)
        assert torch.equal(model.score(data.features), scores)
