"""Dense tokens, pooled vector and text features against open_clip itself."""

import json

import numpy as np
import open_clip
import pytest
import torch
from helpers.mini_clip import Mini, close, mini
from PIL import Image
from torch.nn import functional as F

from bench.backbones import BACKBONES
from bench.backbones.openai import RN50, ReleasedOptions
from bench.errors import DataError
from bench.settings.config import NoOptions

pytestmark = [pytest.mark.usefixtures("architectures"), pytest.mark.slow]

TEXTS = ["cat", "a photo of a potted plant.", "one two three four five six seven eight nine ten eleven twelve"]


@pytest.fixture(scope="module")
def rn50() -> RN50:
    return RN50(ReleasedOptions(weights="random", image_size=224))


@pytest.fixture(scope="module")
def tiny():
    return BACKBONES.get("tiny_clip")(NoOptions())


@pytest.fixture(scope="module", params=["RN50", "tiny_clip"])
def backbone(request, rn50, tiny):
    return {"RN50": rn50, "tiny_clip": tiny}[request.param]


@pytest.fixture(scope="module")
def images(backbone) -> torch.Tensor:
    return torch.randn(2, 3, backbone.image_size, backbone.image_size, generator=torch.Generator().manual_seed(0))


@pytest.fixture(scope="module")
def encoded(backbone, images):
    """The backbone's features, and the map that its attention pool reads."""
    taken = []
    hook = backbone.model.visual.attnpool.register_forward_hook(lambda module, given, out: taken.append(given[0]))
    features = backbone.encode_images(images)
    hook.remove()
    return features, taken[-1].flatten(2).transpose(1, 2)


def test_the_pooled_vector_is_encode_image(backbone, images, encoded):
    with torch.no_grad():
        close(encoded[0].pooled, backbone.model.encode_image(images))


def test_dense_tokens_have_the_shape_of_the_grid(backbone, encoded):
    height, width = backbone.grid
    assert encoded[0].dense.shape == (2, height * width, backbone.dim)
    assert backbone.position.shape == (1 + height * width, backbone.dim)


def test_tokens_plus_position_are_the_projection_of_map_plus_position(backbone, encoded):
    """The linearity that lets one cache serve every published variant."""
    features, places = encoded
    pool = backbone.model.visual.attnpool
    with torch.no_grad():
        theirs = pool.c_proj(pool.v_proj(places + pool.positional_embedding[1:]))
    close(features.dense + backbone.position[1:], theirs)


def test_the_mean_token_of_dualcoop_comes_from_the_tokens(backbone, encoded):
    """Its 1 + HW tokens: the mean of the map goes first, with the first row of the position."""
    from methods.layers.aggregation import with_mean_token

    features, places = encoded
    pool = backbone.model.visual.attnpool
    every = torch.cat([places.mean(dim=1, keepdim=True), places], dim=1) + pool.positional_embedding
    with torch.no_grad():
        close(with_mean_token(features.dense, backbone.position), pool.c_proj(pool.v_proj(every)))


def test_text_cut_to_its_length_is_encode_text(backbone):
    with torch.no_grad():
        theirs = backbone.model.encode_text(backbone.text.tokenizer(TEXTS, context_length=backbone.text.context))
        close(backbone.text.encode(TEXTS), theirs)
        for text, row in zip(TEXTS, theirs, strict=True):
            tokens = backbone.text.tokenize([text])
            assert tokens.ids.shape[1] == int(tokens.end) + 1 < backbone.text.context
            close(backbone.text.encode([text])[0], row)
            for more in (1, 5, backbone.text.context - tokens.ids.shape[1]):
                close(backbone.text(backbone.text.embed(F.pad(tokens.ids, (0, more))), tokens.end)[0], row)


def test_every_position_of_a_text_is_what_a_text_that_ended_there_would_give(backbone):
    tokens = backbone.text.tokenize(TEXTS)
    with torch.no_grad():
        embedded = backbone.text.embed(tokens.ids)
        sequence = backbone.text.sequence(embedded)
        assert sequence.shape == (*tokens.ids.shape, backbone.dim)
        for position in range(tokens.ids.shape[1]):
            close(sequence[:, position], backbone.text(embedded, torch.full_like(tokens.end, position)))


def test_a_prompt_that_is_too_long_gives_one_sentence(backbone):
    text = "cat " * backbone.text.context
    with pytest.raises(DataError, match=f"the prompt '{text}' is longer than the tower's {backbone.text.context}"):
        backbone.text.tokenize(["cat", text])
    longest = "cat " * (backbone.text.context - 2)
    assert int(backbone.text.tokenize([longest]).end) == backbone.text.context - 1
    with pytest.raises(DataError, match="does not fit into"):
        backbone.text(torch.zeros(1, backbone.text.context + 1, backbone.text.width), torch.tensor([3]))


def test_nothing_is_left_to_train(backbone, images):
    assert not backbone.model.training
    assert not backbone.text.training
    assert not any(p.requires_grad for p in [*backbone.model.parameters(), *backbone.text.parameters()])
    assert not backbone.position.requires_grad
    assert not backbone.encode_images(images).dense.requires_grad


def test_preprocessing_squashes_and_normalises(backbone):
    image = Image.new("RGB", (3 * backbone.image_size, 40), (255, 0, 51))
    pixels = backbone.preprocess(image)
    assert pixels.shape == (3, backbone.image_size, backbone.image_size)
    colour = (np.array([1, 0, 0.2]) - backbone.mean) / backbone.std
    close(pixels, torch.tensor(colour, dtype=torch.float32)[:, None, None].expand_as(pixels))
    json.dumps(backbone.transform)


def test_quick_gelu_is_asserted(monkeypatch):
    monkeypatch.setattr(Mini, "architecture", "mini-gelu")
    with pytest.raises(AssertionError, match="must use QuickGELU"):
        mini()


@pytest.mark.parametrize("name", ["RN50", "RN101"])
def test_the_released_names_use_quick_gelu(name):
    assert open_clip.get_model_config(BACKBONES.get(name).architecture)["quick_gelu"]
