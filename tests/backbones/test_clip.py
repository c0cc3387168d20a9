"""Dense tokens, pooled vector and text features against open_clip itself, and checkpoints at other sizes."""

import hashlib
import json
import re

import numpy as np
import open_clip
import pytest
import torch
from PIL import Image
from torch.nn import functional as F

from bench.backbones import BACKBONES
from bench.backbones.openai import RN50, ReleasedClip, ReleasedOptions, resize_position
from bench.errors import DataError, UsageError
from bench.settings.config import NoOptions, build

MINI = {
    "embed_dim": 24,
    "quick_gelu": True,
    "vision_cfg": {"image_size": 224, "layers": [1, 1, 1, 1], "width": 8},
    "text_cfg": {"context_length": 77, "vocab_size": 49408, "width": 32, "heads": 2, "layers": 2},
}
"""A released ResNet CLIP in everything but size."""
TEXTS = ["cat", "a photo of a potted plant.", "one two three four five six seven eight nine ten eleven twelve"]


@pytest.fixture(scope="module", autouse=True)
def architectures(tmp_path_factory):
    folder = tmp_path_factory.mktemp("configs")
    (folder / "mini-quickgelu.json").write_text(json.dumps(MINI))
    (folder / "mini-gelu.json").write_text(json.dumps({**MINI, "quick_gelu": False}))
    open_clip.add_model_config(folder)


class Mini(ReleasedClip):
    name = "mini"
    architecture = "mini-quickgelu"


def mini(weights: str = "random", image_size: int = 224) -> Mini:
    return Mini(ReleasedOptions(weights=weights, image_size=image_size))


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
def seen(backbone, images):
    """The backbone's features, and the map that its attention pool reads."""
    taken = []
    hook = backbone.model.visual.attnpool.register_forward_hook(lambda module, given, out: taken.append(given[0]))
    features = backbone.encode_images(images)
    hook.remove()
    return features, taken[-1].flatten(2).transpose(1, 2)


def close(one: torch.Tensor, other: torch.Tensor) -> None:
    torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-5)


def test_the_pooled_vector_is_encode_image(backbone, images, seen):
    with torch.no_grad():
        close(seen[0].pooled, backbone.model.encode_image(images))


def test_dense_tokens_have_the_shape_of_the_grid(backbone, seen):
    height, width = backbone.grid
    assert seen[0].dense.shape == (2, height * width, backbone.dim)
    assert backbone.position.shape == (1 + height * width, backbone.dim)


def test_tokens_plus_position_are_the_projection_of_map_plus_position(backbone, seen):
    """The linearity that lets one cache serve every published variant."""
    features, places = seen
    pool = backbone.model.visual.attnpool
    with torch.no_grad():
        theirs = pool.c_proj(pool.v_proj(places + pool.positional_embedding[1:]))
    close(features.dense + backbone.position[1:], theirs)


def test_the_mean_token_of_dualcoop_comes_from_the_tokens(backbone, seen):
    """Its 1 + HW tokens: the mean of the map goes first, with the first row of the position."""
    from methods.layers.aggregation import with_mean_token

    features, places = seen
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


def test_random_weights_are_the_same_everywhere_and_leave_the_global_state_alone():
    before = torch.get_rng_state()
    one = mini()
    assert torch.equal(torch.get_rng_state(), before)
    torch.rand(3)
    other = mini()
    assert all(torch.equal(a, b) for a, b in zip(one.model.parameters(), other.model.parameters(), strict=True))
    assert one.random_weights
    assert one.weights_sha256.startswith("random:")


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """A checkpoint for 224 pixels on disk, as half-precision as the released ones, and its model."""
    path = tmp_path_factory.mktemp("weights") / "mini.pt"
    model = mini().model
    state = {name: value.half() if value.is_floating_point() else value for name, value in model.state_dict().items()}
    torch.save(state, path)
    return str(path), {name: value.float() for name, value in state.items()}


def test_a_checkpoint_on_disk_loads_strictly_and_is_identified_by_its_bytes(saved):
    path, state = saved
    loaded = mini(path)
    assert all(torch.equal(value.float(), state[name]) for name, value in loaded.model.state_dict().items())
    assert loaded.weights_sha256 == hashlib.sha256(open(path, "rb").read()).hexdigest()  # noqa: PTH123, SIM115
    assert not loaded.random_weights


@pytest.mark.parametrize("size", [256, 448])
def test_a_224_pixel_checkpoint_works_at_another_size(saved, size):
    """open_clip itself cannot: everything but the grid of the position is as in the file."""
    path, state = saved
    loaded = mini(path, size)
    side = size // 32
    assert loaded.grid == (side, side)
    position = "visual.attnpool.positional_embedding"
    for name, value in loaded.model.state_dict().items():
        expected = resize_position(state[name], side) if name == position else state[name]
        assert torch.equal(value.float(), expected), name
    features = loaded.encode_images(torch.randn(1, 3, size, size))
    assert features.dense.shape == (1, side * side, 24)
    assert torch.isfinite(features.pooled).all()


def test_open_clip_still_cannot_load_it_at_another_size(saved):
    """Fails when the repair is no longer needed."""
    with pytest.raises(RuntimeError, match="positional_embedding"):
        open_clip.create_model("mini-quickgelu", pretrained=saved[0], force_image_size=448, weights_only=False)


@pytest.mark.parametrize("content", [b"", b"no checkpoint", "other architecture", "a tensor", "empty"])
@pytest.mark.parametrize("ending", ["pt", "safetensors"])
def test_a_file_that_is_no_checkpoint_of_it_gives_one_sentence(tmp_path, content, ending):
    path = tmp_path / f"weights.{ending}"
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        held = {"other architecture": {"weight": torch.zeros(3)}, "a tensor": torch.zeros(3), "empty": {}}
        torch.save(held[content], path)
    with pytest.raises(DataError) as caught:
        mini(str(path))
    assert re.search(r"no checkpoint of mini-quickgelu|cannot be read|holds no tensors", str(caught.value))
    assert "\n" not in str(caught.value)


def test_weights_that_are_neither_file_nor_tag_list_the_tags():
    with pytest.raises(UsageError, match="'opanai' are no file and no tag of RN50-quickgelu; tags: openai"):
        RN50.fingerprint(ReleasedOptions(weights="opanai"))


@pytest.mark.parametrize("size", ["100", "31", "0"])
def test_a_size_that_is_no_multiple_of_32_is_refused_with_the_plan(size):
    with pytest.raises(UsageError, match=r"multiple of 32|greater than or equal to 32"):
        build(ReleasedOptions, {"image_size": size}, owner="RN50")


def test_resizing_the_position():
    position = torch.randn(1 + 49, 6)
    assert resize_position(position, 7) is position
    larger = resize_position(position, 14)
    assert larger.shape == (1 + 196, 6)
    assert torch.equal(larger[0], position[0]), "the class row is kept"
    grid = position[1:].reshape(7, 7, 6).permute(2, 0, 1)[None]
    theirs = F.interpolate(grid, size=(14, 14), mode="bicubic", align_corners=False)[0]
    close(larger[1:], theirs.flatten(1).T)
    ramp = torch.cat([torch.zeros(1, 1), torch.arange(7.0).repeat(7)[:, None]])
    assert (resize_position(ramp, 14)[1:].reshape(14, 14)[3].diff() > 0).all(), "columns stay columns"
