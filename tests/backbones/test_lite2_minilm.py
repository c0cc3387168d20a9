"""The joined backbone's own parts, without its weights: files that are held to a hash, folding, the fit of the map."""

import hashlib
import sys

import pytest
import timm
import torch
from torch import nn
from torch.nn import functional as F

from bench.backbones import BACKBONES
from bench.backbones.joined import Lite2MiniLM, MappedTrunk
from bench.backbones.lite2_minilm.fit import SpaceRecipe, fit_space, principal_direction, ridge_map, text_targets
from bench.backbones.lite2_minilm.space import SPACE_FILE, JointSpace, load_space, save_space
from bench.backbones.lite2_minilm.trunk import fold
from bench.backbones.lite2_minilm.weights import PackagedFile
from bench.errors import DataError, UsageError


@pytest.fixture
def package(tmp_path, monkeypatch):
    """An importable package that must not be imported, with one file."""
    folder = tmp_path / "carries_weights"
    folder.mkdir()
    (folder / "__init__.py").write_text("raise RuntimeError('it was run')")
    (folder / "weights.bin").write_bytes(b"weights")
    monkeypatch.setattr(sys, "path", [*sys.path, str(tmp_path)])
    return folder


def test_a_packaged_file_is_found_and_checked_without_running_its_package(package):
    right = PackagedFile("carries_weights", "weights.bin", hashlib.sha256(b"weights").hexdigest())
    assert right.checked() == package / "weights.bin"
    assert "carries_weights" not in sys.modules


def test_other_weights_than_the_pinned_ones_are_refused(package):
    with pytest.raises(DataError, match=r"has the SHA-256 9a129038.*install the pinned package anew"):
        PackagedFile("carries_weights", "weights.bin", "0" * 64).checked()
    with pytest.raises(DataError, match="cannot be read"):
        PackagedFile("carries_weights", "gone.bin", "0" * 64).checked()


def test_without_the_extra_it_says_what_to_install(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(UsageError, match=r"lite2_minilm needs efficientnet_lite2.*\[photos\]"):
        BACKBONES.get("lite2_minilm").fingerprint(Lite2MiniLM.Options())


def test_its_size_is_a_multiple_of_the_stride():
    with pytest.raises(ValueError, match="image_size = 200 is not allowed"):
        Lite2MiniLM.Options(image_size=200)


@torch.inference_mode()
def test_folding_leaves_no_batch_norm_and_changes_nothing_else():
    torch.manual_seed(0)
    model = timm.create_model("tf_efficientnet_lite0", num_classes=0)
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.normal_(std=0.1)
            module.running_var.uniform_(0.5, 2)
    model.eval()
    images = torch.randn(2, 3, 64, 64)
    before = model.forward_features(images)
    fold(model)
    assert not any(isinstance(module, nn.BatchNorm2d) for module in model.modules())
    torch.testing.assert_close(model.forward_features(images), before, rtol=1e-3, atol=1e-4)


def test_the_shipped_space_is_one_megabyte_and_survives_the_way_through_its_file(tmp_path):
    space = load_space()
    assert SPACE_FILE.stat().st_size < 1.1e6
    assert [part.shape for part in space] == [(384, 1280), (384,), (384,), ()]
    save_space(space, tmp_path / "again.safetensors")
    assert all(
        torch.equal(one, other) for one, other in zip(space, load_space(tmp_path / "again.safetensors"), strict=True)
    )


def test_dense_tokens_are_mapped_one_by_one_and_pooled_is_their_mean():
    space = JointSpace(torch.randn(4, 1280), torch.randn(4), torch.zeros(4), torch.tensor(17.0))
    conv, images = nn.Sequential(nn.Conv2d(3, 1280, 32, 32)), torch.randn(2, 3, 64, 64)
    features = MappedTrunk(conv, space)(images)
    corner = conv(images)[:, :, 1, 0] @ space.value.T + space.offset
    torch.testing.assert_close(features.dense[:, 2], corner)
    torch.testing.assert_close(features.pooled, features.dense.mean(dim=1))


def test_a_photos_target_is_where_its_likeliest_classes_lie():
    texts = F.normalize(torch.randn(5, 3), dim=-1)
    classifier = nn.Linear(4, 5)
    means = torch.randn(2, 4)
    share = classifier(means).softmax(dim=-1)
    first, second = share[0].topk(2).indices
    expected = F.normalize(share[0, first] * texts[first] + share[0, second] * texts[second], dim=0)
    torch.testing.assert_close(text_targets(means, classifier, texts, top=2)[0], expected)


def test_the_map_finds_a_linear_relation_again():
    torch.manual_seed(0)
    means, relation = torch.randn(200, 6), torch.randn(6, 3)
    relation_again = ridge_map(means, means @ relation + 5, ridge=1e-6)
    torch.testing.assert_close(relation_again.float(), relation, rtol=1e-3, atol=1e-3)


def test_tokens_are_one_long_in_the_mean_and_share_the_cone():
    torch.manual_seed(0)
    photos, texts = [torch.randn(9, 8) for _ in range(50)], F.normalize(torch.randn(20, 6), dim=-1)
    recipe = SpaceRecipe(top=3, ridge=1.0, common=0.4, direction=2)
    space = fit_space(photos, nn.Linear(8, 20).requires_grad_(False), texts, torch.zeros(6), recipe)
    tokens = torch.cat(photos).double() @ space.value.T + space.offset
    cone = tokens.mean(dim=0)
    torch.testing.assert_close(F.normalize(cone, dim=0), principal_direction(texts, 2), rtol=1e-5, atol=1e-5)
    assert F.normalize(tokens, dim=-1).mean(dim=0).square().sum().item() == pytest.approx(0.4, abs=1e-3)
    assert (tokens - cone).norm(dim=-1).mean().item() == pytest.approx(1)
