"""The vision transformers against open_clip: pooled is `encode_image`, dense is the value path of the last block."""

import json

import open_clip
import pytest
import torch
from torch.nn import functional as F

from bench.backbones import BACKBONES
from bench.backbones.openai import ReleasedViT, ViT16Options, resize_position
from bench.backbones.vit import ViTEncoder
from bench.errors import DataError, UsageError
from bench.settings.conversion import build

pytestmark = pytest.mark.slow

SMALL = {
    "embed_dim": 24,
    "quick_gelu": True,
    "vision_cfg": {"image_size": 64, "layers": 3, "width": 32, "head_width": 8, "patch_size": 16},
    "text_cfg": {"context_length": 77, "vocab_size": 49408, "width": 32, "heads": 2, "layers": 2},
}
"""A released ViT in everything but size."""


@pytest.fixture(scope="module", autouse=True)
def architectures(tmp_path_factory):
    folder = tmp_path_factory.mktemp("configs")
    (folder / "small-vit-quickgelu.json").write_text(json.dumps(SMALL))
    (folder / "small-vit.json").write_text(json.dumps({**SMALL, "quick_gelu": False}))
    open_clip.add_model_config(folder)


class Small(ReleasedViT):
    name = "small-vit"
    Options = ViT16Options
    architecture = "small-vit-quickgelu"


def small(weights: str = "random", image_size: int = 64, activation: str = "auto") -> Small:
    return Small(ViT16Options(weights=weights, image_size=image_size, activation=activation))


@pytest.fixture(scope="module", params=["small", "ViT-B-32"])
def vit(request) -> ReleasedViT:
    """A miniature, and the smallest real one."""
    if request.param == "small":
        return small()
    return BACKBONES.get("ViT-B-32")(build(BACKBONES.get("ViT-B-32").Options, {"weights": "random"}, owner="ViT-B-32"))


@pytest.fixture(scope="module")
def images(vit) -> torch.Tensor:
    return torch.randn(2, 3, vit.image_size, vit.image_size, generator=torch.Generator().manual_seed(0))


def close(one: torch.Tensor, other: torch.Tensor) -> None:
    torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-5)


def test_the_pooled_vector_is_encode_image(vit, images):
    features = vit.encode_images(images)
    with torch.no_grad():
        close(features.pooled, vit.model.encode_image(images))
    height, width = vit.grid
    assert features.dense.shape == (2, height * width, vit.dim)
    assert (height, width) == vit.model.visual.grid_size


def test_text_cut_to_its_length_is_encode_text(vit):
    texts = ["cat", "a photo of a potted plant."]
    with torch.no_grad():
        theirs = vit.model.encode_text(vit.text.tokenizer(texts, context_length=vit.text.context))
        close(vit.text.encode(texts), theirs)


def test_dense_tokens_are_what_a_patch_gets_that_attends_to_itself_alone(vit, images):
    """The last block's own attention under a mask that lets every token see only itself; residual and MLP left out."""
    features, visual = vit.encode_images(images), vit.model.visual
    taken = []
    last = visual.transformer.resblocks[-1]
    hook = last.register_forward_hook(lambda module, given, out: taken.append(given[0]))
    with torch.no_grad():
        visual(images)
        hook.remove()
        x = last.ln_1(taken[0])
        alone = torch.full((x.shape[1], x.shape[1]), float("-inf")).fill_diagonal_(0.0)
        theirs = visual.ln_post(last.attn(x, x, x, attn_mask=alone, need_weights=False)[0]) @ visual.proj
    close(features.dense, theirs[:, 1:])


def test_positions_are_inside_already(vit):
    assert vit.position.shape == (1 + vit.grid[0] * vit.grid[1], vit.dim)
    assert not vit.position.any()


def test_nothing_is_left_to_train(vit, images):
    assert not any(p.requires_grad for p in vit.model.parameters())
    assert not vit.encode_images(images).dense.requires_grad


def test_the_last_stage_is_the_last_block_and_what_follows():
    """And its gradient reaches nothing else: pooled and dense need both."""
    encoder = small().encoder
    for part in encoder.last_stage().values():
        part.requires_grad_(True)
    features = encoder(torch.randn(1, 3, 64, 64))
    (features.dense.sum() + features.pooled.square().sum()).backward()
    moved = {name for name, p in encoder.named_parameters() if p.grad is not None}
    last = {n for n, _ in encoder.named_parameters() if ".resblocks.2." in n or "ln_post" in n or n.endswith(".proj")}
    assert moved == last


@pytest.mark.parametrize("size", [32, 128])
def test_a_checkpoint_works_at_another_size(tmp_path, size):
    torch.save(small().model.state_dict(), tmp_path / "vit.pt")
    loaded = small(str(tmp_path / "vit.pt"), size)
    assert loaded.grid == (size // 16, size // 16)
    position = "visual.positional_embedding"
    for name, value in small().model.state_dict().items():
        expected = resize_position(value, size // 16) if name == position else value
        assert torch.equal(loaded.model.state_dict()[name], expected), name


def test_the_activation_changes_the_features_and_is_chosen_with_the_weights(images):
    quick, plain = small(), small(activation="gelu")
    assert all(torch.equal(a, b) for a, b in zip(quick.model.parameters(), plain.model.parameters(), strict=True))
    given = F.interpolate(images, size=(64, 64))
    assert not torch.allclose(quick.encode_images(given).pooled, plain.encode_images(given).pooled)
    released = BACKBONES.get("ViT-B-16")
    assert released._resolve(released.Options(weights="openai"))[0] == "ViT-B-16-quickgelu"
    assert released._resolve(released.Options(weights="laion2b_s34b_b88k"))[0] == "ViT-B-16"
    with pytest.raises(UsageError, match="'openai' were trained with quickgelu"):
        released._resolve(released.Options(weights="openai", activation="gelu"))
    with pytest.raises(UsageError, match=r"no tag of ViT-B-16-quickgelu; tags: openai, .*laion2b_s34b_b88k"):
        released.fingerprint(released.Options(weights="laion"))


@pytest.mark.parametrize(("name", "grid"), [("ViT-B-32", 7), ("ViT-B-16", 14), ("ViT-L-14", 16), ("ViT-L-14-336", 24)])
def test_the_released_names_are_known_to_open_clip(name, grid):
    backbone = BACKBONES.get(name)
    config = open_clip.get_model_config(backbone.architecture)
    assert config["quick_gelu"]
    assert config["vision_cfg"]["patch_size"] == backbone.Options.stride
    assert config["vision_cfg"]["image_size"] == backbone.Options().image_size
    assert backbone.Options().image_size // backbone.Options.stride == grid


def test_a_size_that_patches_do_not_fill_is_refused_with_the_plan():
    with pytest.raises(UsageError, match="multiple of 14"):
        build(BACKBONES.get("ViT-L-14").Options, {"image_size": "225"}, owner="ViT-L-14")


def test_a_vit_that_pools_in_another_way_is_refused():
    visual = small().model.visual
    visual.pool_type = "avg"
    with pytest.raises(DataError, match="does not pool by a class token"):
        ViTEncoder(visual)
