"""Regions: actual by their texts, one map for each category that sums to 1, and started near what CLIP says."""

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from methods.layers.attention import CrossAttention
from methods.layers.position import sine_position
from methods.trm_ml.regions import RegionLearner, text_pixel

B, C, D, GRID = 8, 4, 32, (4, 5)
HW = GRID[0] * GRID[1]
DEFAULTS = {
    "region_level": True, "region_norm": True, "query_level": True,
    "query": "text+embed", "query_residual": False, "layers": 1, "heads": 4, "ffn": 16, "dropout": 0.1,
    "start": "identity", "sine": sine_position(GRID, D), "position_scale": 0.0, "mlp_residual": True,
}  # fmt: skip


def unit(*size: int, seed: int = 0) -> Tensor:
    return F.normalize(torch.randn(*size, generator=torch.Generator().manual_seed(seed)), dim=-1)


def learner(**settings: object) -> RegionLearner:
    torch.manual_seed(0)
    return RegionLearner(unit(C, D, seed=5), 15.0, **{**DEFAULTS, **settings})


def planted(count: int, seed: int, directions: Tensor) -> tuple[Tensor, Tensor]:
    """Tokens (count, HW, D) of noise with one token along each direction (C, D); where it stands, (count, C)."""
    generator = torch.Generator().manual_seed(seed)
    place = torch.rand(count, HW, generator=generator).argsort(dim=1)[:, :C]
    tokens = torch.randn(count, HW, D, generator=generator) / D**0.5
    tokens.scatter_(1, place[..., None].expand(-1, -1, D), directions + tokens[:, :C] * 0.3)
    return F.normalize(tokens, dim=-1), place


@pytest.mark.parametrize("settings", [
    {}, {"start": "xavier"}, {"query": "embed"}, {"query": "text"}, {"layers": 2}, {"heads": 1}, {"ffn": 0},
    {"sine": None}, {"query_residual": True}, {"mlp_residual": None}, {"mlp_residual": False},
], ids=str)  # fmt: skip
def test_saliency_sums_to_one_and_features_have_unit_norm(settings: dict) -> None:
    model = learner(**settings)
    for mode in (True, False):
        regions = model.train(mode)(unit(C, D), unit(B, HW, D, seed=1))
        assert regions.saliency.shape == (B, C, HW)
        torch.testing.assert_close(regions.saliency.sum(dim=-1), torch.ones(B, C))
        assert (regions.saliency >= 0).all()
        for features in (regions.region, regions.query):
            assert features.shape == (B, C, D)
            torch.testing.assert_close(features.norm(dim=-1), torch.ones(B, C))


def test_text_pixel_saliency_sums_to_one() -> None:
    regions = text_pixel(unit(C, D), unit(B, HW, D, seed=1), sharpness=15.0)
    torch.testing.assert_close(regions.saliency.sum(dim=-1), torch.ones(B, C))
    torch.testing.assert_close(regions.region, torch.einsum("bcn,bnd->bcd", regions.saliency, unit(B, HW, D, seed=1)))


def test_the_start_is_the_similarity_weighted_mean_of_the_tokens() -> None:
    """With one head, the identity start is the text-pixel region, up to the centring of layer norm."""
    text, tokens = unit(C, D), unit(B, HW, D, seed=1)
    actual, expected = learner(heads=1).eval()(text, tokens), text_pixel(text, tokens, sharpness=15.0)
    torch.testing.assert_close(actual.saliency, expected.saliency, atol=1e-5, rtol=1e-4)
    centred = expected.region - expected.region.mean(dim=-1, keepdim=True)
    torch.testing.assert_close(actual.query, F.normalize(centred, dim=-1), atol=1e-4, rtol=1e-3)


@pytest.mark.parametrize("heads", [1, 2, 4])
def test_the_sharpness_of_the_start_does_not_depend_on_heads(heads: int) -> None:
    """Mean over heads of the attention's logits: sharpness times the cosine."""
    text, tokens = unit(C, D), unit(B, HW, D, seed=1)
    model = learner(heads=heads, sine=None).eval()
    logits = model.layers[0].attention._logits(D**0.5 * text, D**0.5 * tokens, None).mT  # (B, heads * C, HW)
    mean = logits.unflatten(1, (heads, C)).mean(dim=1)
    torch.testing.assert_close(mean, 15.0 * text @ tokens.mT, atol=1e-4, rtol=1e-4)


def test_a_region_looks_at_its_own_planted_place_after_a_short_training() -> None:
    """The texts are only half right: which token belongs to a category must be learned from image-level labels."""
    directions = unit(C, D, seed=2)
    text = F.normalize(directions + 1.5 * unit(C, D, seed=3), dim=-1)
    model = learner(dropout=0.0)
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    held, place = planted(64, 100, directions)

    def share(tokens: Tensor, place: Tensor) -> Tensor:
        attention = model(text, tokens).saliency
        return attention.gather(-1, place[..., None]).mean()

    before = share(held, place).item()
    for step in range(60):
        tokens, _ = planted(32, step, directions)
        present = torch.rand(32, C, generator=torch.Generator().manual_seed(step)) < 0.5
        empty, _ = planted(32, 1000 + step, torch.zeros(C, D))
        similarity = [torch.einsum("bcd,cd->bc", model(text, x).query, directions) for x in (tokens, empty)]
        logits = 10 * torch.where(present, *similarity)
        loss = F.binary_cross_entropy_with_logits(logits - 5, present.float())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    regions = model.eval()(text, held)
    assert (regions.saliency.argmax(dim=-1) == place).float().mean() > 0.95
    assert share(held, place) > max(0.6, 1.5 * before)


@pytest.mark.parametrize("norm", [True, False])
def test_the_region_level_is_the_mean_of_the_tokens_themselves(norm: bool) -> None:
    """Weighted by the map, with no projection and no MLP on the way: where tokens and texts meet already."""
    model, text, tokens = learner(region_norm=norm).eval(), unit(C, D), unit(B, HW, D, seed=1)
    for parameter in model.parameters():
        parameter.data += 0.05 * torch.randn_like(parameter)
    regions = model(text, tokens)
    actual, maps, images = (x.detach().double().numpy() for x in (regions.region, regions.saliency, tokens))
    for i in range(B):
        for c in range(C):
            mean = sum(maps[i, c, n] * images[i, n] for n in range(HW))
            np.testing.assert_allclose(actual[i, c], mean / np.linalg.norm(mean) if norm else mean, atol=1e-5)
    assert not torch.allclose(regions.region, regions.query, atol=0.01)


@pytest.mark.parametrize("layers", [1, 2])
def test_without_the_query_level_the_maps_are_the_same(layers: int) -> None:
    """The last layer gives its map alone, and has nothing to make a feature with."""
    whole, alone = learner(layers=layers).eval(), learner(layers=layers, query_level=False).eval()
    alone.load_state_dict(
        {name.replace(f"layers.{layers - 1}.attention", "last"): value for name, value in whole.state_dict().items()},
        strict=False,
    )
    text, tokens = unit(C, D), unit(B, HW, D, seed=1)
    actual, expected = alone(text, tokens), whole(text, tokens)
    assert torch.equal(actual.saliency, expected.saliency)
    assert torch.equal(actual.region, expected.region)
    assert actual.query is None
    assert learner(region_level=False)(text, tokens).region is None
    assert not any(part in name for name in alone.state_dict() for part in ("mlp", "last.value", "last.out"))


def test_a_region_follows_its_token() -> None:
    """Without positions, moving the tokens moves the map and leaves the features."""
    model = learner(sine=None).eval()
    text, tokens, order = unit(C, D), unit(B, HW, D, seed=1), torch.randperm(HW)
    here, there = model(text, tokens), model(text, tokens[:, order])
    torch.testing.assert_close(there.saliency, here.saliency[..., order])
    torch.testing.assert_close(there.query, here.query)


def test_position_is_a_switch() -> None:
    text, tokens, order = unit(C, D), unit(B, HW, D, seed=1), torch.randperm(HW)
    model = learner(position_scale=1.0).eval()
    assert not torch.allclose(model(text, tokens[:, order]).query, model(text, tokens).query, atol=1e-4)
    assert not any("position" in name or "sine" in name for name, _ in learner(sine=None).named_parameters())


def test_the_query_does_not_leak_into_the_region() -> None:
    """A region is made of the image: with all tokens alike, its text cannot be read from it."""
    tokens = unit(1, 1, D, seed=1).expand(B, HW, D)
    features = learner(sine=None).eval()(unit(C, D), tokens).query
    torch.testing.assert_close(features, features[:, :1].expand(-1, C, -1))
    with_residual = learner(sine=None, query_residual=True).eval()(unit(C, D), tokens).query
    assert not torch.allclose(with_residual[:, 0], with_residual[:, 1], atol=1e-3)


@pytest.mark.parametrize(("query", "reads_text", "trains"), [
    ("text", True, False), ("embed", False, True), ("text+embed", True, True),
])  # fmt: skip
def test_the_query_switch(query: str, reads_text: bool, trains: bool) -> None:
    model, tokens = learner(query=query).eval(), unit(B, HW, D, seed=1)
    one, other = model(unit(C, D), tokens).query, model(unit(C, D, seed=8), tokens).query
    assert torch.equal(one, other) != reads_text
    assert ("embedding" in dict(model.named_parameters())) == trains


@pytest.mark.parametrize("heads", [1, 4])
def test_attention_against_torch(heads: int) -> None:
    torch.manual_seed(0)
    ours = CrossAttention(D, heads, dropout=0.0, start="xavier")
    theirs = torch.nn.MultiheadAttention(D, heads, batch_first=True)
    theirs.in_proj_weight.data = torch.cat([x.weight.data for x in (ours.query, ours.key, ours.value)])
    theirs.out_proj.weight.data = ours.out.weight.data
    queries, tokens, position = unit(C, D), unit(B, HW, D, seed=1), unit(HW, D, seed=2)
    attended, attention = ours(queries, tokens, position)
    expected, weights = theirs(queries.expand(B, -1, -1), tokens + position, tokens)
    torch.testing.assert_close(attended, expected)
    torch.testing.assert_close(attention, weights)


def test_heads_must_divide_the_dimension() -> None:
    with pytest.raises(ValueError, match="5 heads do not divide"):
        CrossAttention(D, 5, 0.0, "identity")
