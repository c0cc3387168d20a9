"""Where a method says that its classes look is where its scores come from. Every method with attention is found here
by being registered."""

import pytest
import torch
from helpers.conformance import ALL, make, partial, trained
from helpers.toy_world import DIM, GRID, NAMES, Data, build_task
from torch import Tensor
from torch.nn import functional as F

from bench.settings.conversion import build
from methods import METHODS, Features, Method
from methods.trm_ml.ablation import NO_REGIONS

LOOKING = [name for name in ALL if METHODS.get(name).attention is not Method.attention]
DENSE = {
    "clip_zero_shot": {"pool": "dense"},
    "coop": {"pool": "dense"},
    "scpnet": {"image": "dense"},
    "cdul": {"head": "attention"},
}
"""Settings under which a method reads tokens, where it does not by default."""
PLACED = ("dualcoop", "negative_coop", "positive_coop", "vision_only", "query2label", "lac", "clsl")
"""Those that add positions to the tokens: a token that moves is not the same one. trm_ml's start at zero."""
HW = GRID[0] * GRID[1]


def seeing(name: str, data: Data, **options) -> Method:
    torch.manual_seed(0)
    method = METHODS.get(name)
    return method(build(method.Config, {**DENSE.get(name, {}), **options}, owner=name), build_task(data.labels)).eval()


def shaken(model: Method) -> Method:
    """With parameters moved off their start, where many maps are uniform."""
    torch.manual_seed(1)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "position_scale" not in name and "log" not in name:
                parameter.add_(torch.randn_like(parameter) * 0.3)
    return model


def test_the_methods_that_can_be_looked_into() -> None:
    families = {
        "trm_ml",
        "trm_ml_first",
        "dualcoop",
        "dualcoop_pp",
        "dualcoop_tai",
        "clip_zero_shot",
        "query2label",
        "ml_decoder",
    }
    assert families | {"ssgrl", "sst", "sarb", "hst", "asl", "tai_dpt"} <= set(LOOKING)
    assert not {"prior", "boostlu", "sr_cr"} & set(LOOKING)


@pytest.mark.parametrize("name", LOOKING)
def test_maps_are_weights_over_the_positions(name: str, data: Data) -> None:
    model = shaken(seeing(name, partial(data)))
    before, random_state = {k: v.clone() for k, v in model.state_dict().items()}, torch.get_rng_state()
    maps = model.attention(data.features)
    assert maps.shape == (40, len(NAMES), HW)
    assert not maps.requires_grad
    assert (maps >= 0).all()
    torch.testing.assert_close(maps.sum(dim=-1), torch.ones(40, len(NAMES)))
    assert maps.std(dim=-1).max() > 1e-3, "a map that is the same everywhere would pass all of this"
    assert torch.equal(model.attention(data.features), maps)
    assert torch.equal(torch.get_rng_state(), random_state)
    assert all(torch.equal(value, before[key]) for key, value in model.state_dict().items() if not value.isnan().any())
    torch.testing.assert_close(model.attention(Features(*(part[3:5] for part in data.features))), maps[3:5])


@pytest.mark.parametrize("name", [name for name in LOOKING if name not in PLACED])
def test_a_token_that_moves_takes_its_weight_along(name: str, data: Data) -> None:
    model, order = shaken(seeing(name, partial(data))), torch.randperm(HW)
    moved = Features(data.features.dense[:, order], data.features.pooled)
    torch.testing.assert_close(model.attention(moved), model.attention(data.features)[..., order], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", DENSE)
def test_without_tokens_there_is_nothing_to_look_at(name: str, data: Data) -> None:
    assert make(name, build_task(data.labels)).attention(data.features) is None


def test_a_linear_head_looks_nowhere(data: Data) -> None:
    assert seeing("asl", data, head="linear").attention(data.features) is None


def cosines(tokens: Tensor, text: Tensor) -> Tensor:
    return torch.einsum("btd,cd->bct", F.normalize(tokens, dim=-1), F.normalize(text, dim=-1))


def test_asl_scores_are_what_its_maps_average(data: Data) -> None:
    model = trained("asl", partial(data)).eval()
    tokens = F.normalize(data.features.dense, dim=-1) * DIM**0.5
    values = torch.einsum("btd,cd->bct", tokens, model.head.weight)
    expected = (model.attention(data.features) * values).sum(dim=-1) + model.head.bias
    torch.testing.assert_close(model.score(data.features), expected.detach(), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", ["clip_zero_shot", "coop", "scpnet", "dualcoop_tai"])
def test_pooled_cosines_are_what_the_maps_average(name: str, data: Data) -> None:
    model = shaken(seeing(name, data))
    maps, tokens = model.attention(data.features), data.features.dense
    with torch.no_grad():
        match name:
            case "clip_zero_shot":
                expected = 12.0 * (maps * cosines(tokens, model._text())).sum(dim=-1)
            case "coop":
                expected = model.scale * (maps * cosines(tokens, model.texts()[0])).sum(dim=-1) + model.offset
            case "scpnet":
                expected = model.scale * (maps * cosines(tokens, model.classes())).sum(dim=-1)
            case _:
                negative, positive = (cosines(tokens, text) for text in model.texts())
                expected = model.output() * (maps * (positive - negative)).sum(dim=-1)
    torch.testing.assert_close(model.score(data.features), expected, rtol=1e-4, atol=1e-4)


def test_dualcoop_shares_out_what_its_mean_token_has(data: Data) -> None:
    """By the equation alone: softmax over the mean token and all positions, then w_t + w_0 / HW."""
    model = shaken(seeing("dualcoop", data))
    dense, position = data.features.dense, model.task.position
    tokens = torch.cat([dense.mean(dim=1, keepdim=True), dense], dim=1) + position
    with torch.no_grad():
        weights = (model.spatial_scale * cosines(tokens, model.texts()[1])).softmax(dim=-1)
    expected = weights[..., 1:] + weights[..., :1] / HW
    torch.testing.assert_close(model.attention(data.features), expected, rtol=1e-4, atol=1e-6)
    assert weights[..., 0].max() > 0.01


def test_trm_ml_regions_are_what_its_maps_average(data: Data) -> None:
    """Without the region learner a region is the weighted mean of tokens; with it, the map is its cross-attention."""
    model = shaken(seeing("trm_ml", data, **NO_REGIONS))
    tokens = F.normalize(data.features.dense, dim=-1)
    with torch.no_grad():
        texts = model.texts()
        expected = model.matching(model.attention(data.features) @ tokens, texts)
    torch.testing.assert_close(model.score(data.features), expected, rtol=1e-4, atol=1e-4)

    model = shaken(seeing("trm_ml", data, heads="1"))
    layer, learner = model.regions.layers[0].attention, model.regions
    with torch.no_grad():
        queries = layer.query(DIM**0.5 * (model.texts().category + learner.embedding))
        keys = layer.key(DIM**0.5 * tokens + learner.position_scale * learner.sine)
        logits = torch.einsum("cd,btd->bct", queries, keys) / DIM**0.5
    torch.testing.assert_close(model.attention(data.features), logits.softmax(dim=-1), rtol=1e-4, atol=1e-5)


def test_ssgrl_features_are_what_its_maps_average(data: Data) -> None:
    model = shaken(seeing("ssgrl", data))
    with torch.no_grad():
        tokens = model.trunk._tokens(data.features.dense)
        expected = model.attention(data.features) @ tokens
        torch.testing.assert_close(model.trunk.features(data.features.dense), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", ["clip_zero_shot", "trm_ml", "dualcoop", "dualcoop_tai"])
def test_a_class_looks_at_the_one_token_that_is_like_its_text(name: str, data: Data) -> None:
    model, hot = seeing(name, data), 5
    with torch.no_grad():
        match name:
            case "clip_zero_shot":
                text = model._text()
            case "trm_ml":
                text = model.texts().category
            case _:
                text = model.texts()[1]
    text = F.normalize(text, dim=-1)
    tokens = -text[:, None].repeat(1, HW, 1)
    tokens[:, hot] = text
    maps = model.attention(Features(tokens, tokens.mean(dim=1)))
    assert maps.diagonal(dim1=0, dim2=1).argmax(dim=0).tolist() == [hot] * len(NAMES)
