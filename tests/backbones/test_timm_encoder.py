"""The encoders of timm: which tokens, which size, which weights; small models with random weights."""

from dataclasses import dataclass

import pytest
import timm
import torch
from safetensors.torch import save_file

from bench.backbones import BACKBONES
from bench.backbones.timm_encoder import TimmOptions
from bench.conformance import backbones, check_properties
from bench.errors import DataError, UsageError

pytestmark = pytest.mark.slow

CONVOLUTIONAL, TRANSFORMER = "convnext_atto", "vit_tiny_patch16_224"


def built(name: str = TRANSFORMER, **options):
    return BACKBONES.get("timm")(TimmOptions(**{"name": name, "weights": "random", "image_size": 64, **options}))


@torch.inference_mode()
@pytest.mark.parametrize(
    ("name", "size", "grid", "dim"),
    [
        ("resnet18", 64, (2, 2), 512),
        (CONVOLUTIONAL, 64, (2, 2), 320),
        (TRANSFORMER, 64, (4, 4), 192),
        ("deit_tiny_distilled_patch16_224", 32, (2, 2), 192),
    ],
)
def test_tokens_are_a_grid_without_class_and_register_tokens(name, size, grid, dim):
    backbone = built(name, image_size=size)
    assert (backbone.grid, backbone.dim, backbone.image_size) == (grid, dim, size)
    images = torch.randn(2, 3, size, size)
    dense, pooled = backbone.encode_images(images)
    assert (dense.shape, pooled.shape) == ((2, grid[0] * grid[1], dim), (2, dim))
    whole = backbone.encoder.trunk.forward_features(images)
    last = whole[:, -1] if whole.dim() == 3 else whole[:, :, -1, -1]
    torch.testing.assert_close(dense[:, -1], last)
    torch.testing.assert_close(pooled, backbone.encoder.trunk.forward_head(whole, pre_logits=True))


@torch.inference_mode()
def test_a_net_with_channels_last_keeps_the_rows_of_its_grid():
    backbone = built("swin_s3_tiny_224", image_size=0)
    assert backbone.image_size == 224
    images = torch.randn(1, 3, 224, 224)
    whole = backbone.encoder.trunk.forward_features(images)
    torch.testing.assert_close(backbone.encode_images(images).dense[:, 8], whole[:, 1, 1])


def test_it_has_every_property_of_a_backbone():
    @dataclass(frozen=True, kw_only=True)
    class Small(TimmOptions):
        name: str = TRANSFORMER
        weights: str = "random"
        image_size: int = 64

    small = type("SmallTimm", (BACKBONES.get("timm"),), {"Options": Small})
    assert [result.why for result in check_properties(small, backbones.PROPERTIES) if result.why] == []


def test_the_normalisation_is_the_models_own():
    assert built(TRANSFORMER).mean == (0.5, 0.5, 0.5)
    assert built(CONVOLUTIONAL).mean == (0.485, 0.456, 0.406)
    assert not BACKBONES.get("timm").has_text


@pytest.mark.parametrize("form", ["safetensors", "state dict"])
def test_a_local_checkpoint_is_loaded_and_its_positions_fit_another_size(form, tmp_path):
    torch.manual_seed(3)
    trained = timm.create_model(TRANSFORMER, img_size=32).state_dict()
    path = tmp_path / "weights"
    save_file(trained, path) if form == "safetensors" else torch.save(trained, path)
    backbone = built(weights=str(path), image_size=64)
    own = backbone.encoder.trunk.state_dict()
    assert own["pos_embed"].shape[1] == 1 + 16
    assert torch.equal(own["blocks.11.mlp.fc2.weight"], trained["blocks.11.mlp.fc2.weight"])
    assert not any(parameter.requires_grad for parameter in backbone.encoder.parameters())
    assert backbone.weights_sha256 != built().weights_sha256


def test_weights_of_another_model_are_refused(tmp_path):
    save_file(timm.create_model("resnet18").state_dict(), tmp_path / "weights")
    with pytest.raises(DataError, match=f"no checkpoint of {TRANSFORMER}.*or pretrained"):
        built(weights=str(tmp_path / "weights"))


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"name": "resnet5"}, "timm has no model 'resnet5'; near names: resnet50"),
        ({"name": "resnet18.nope"}, "timm has no weights 'resnet18.nope'; it has resnet18.a1_in1k"),
        ({"weights": "nofile"}, "timm.weights = 'nofile' is no file; give pretrained"),
        ({"image_size": 8}, "timm's 'vit_tiny_patch16_224' does not take images of 8 x 8 pixels"),
    ],
)
def test_what_cannot_be_built_is_one_sentence(options, sentence):
    with pytest.raises(UsageError, match=sentence):
        built(**options)


@pytest.mark.parametrize(
    ("name", "parts", "inside"),
    [
        ("resnet18", ["layer4"], "layer4.1.conv2.weight"),
        (CONVOLUTIONAL, ["stages", "head"], "stages.3.blocks.0.gamma"),
        (TRANSFORMER, ["blocks", "norm"], "blocks.11.norm1.weight"),
    ],
)
def test_the_last_stage_is_the_last_block_and_what_follows_it(name, parts, inside):
    encoder = built(name).encoder
    stage = encoder.last_stage()
    assert list(stage) == parts
    trained = {id(p) for part in stage.values() for p in part.parameters()}
    parameters = dict(encoder.trunk.named_parameters())
    assert id(parameters[inside]) in trained
    assert len(trained) < len(parameters) / 2
