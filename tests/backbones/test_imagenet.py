"""ImageNet ResNets through mmpretrain, against torchvision's ResNet with the same weights."""

import pytest
import torch
import torchvision

from bench.backbones import BACKBONES
from bench.backbones.imagenet import ResNetOptions, _resnet
from bench.errors import DataError, UsageError
from bench.settings.conversion import build

pytestmark = pytest.mark.slow

SIZE = 64


@pytest.fixture(scope="module")
def theirs() -> torch.nn.Module:
    torch.manual_seed(0)
    model = torchvision.models.resnet50().eval()
    for module in model.modules():  # statistics that are not those of a fresh model
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.uniform_(-0.1, 0.1)
            module.running_var.uniform_(0.5, 2.0)
    return model


@pytest.fixture(scope="module", params=["torchvision", "mmpretrain"])
def loaded(request, theirs, tmp_path_factory):
    """Our backbone from a file in either layout."""
    path = tmp_path_factory.mktemp("weights") / "resnet50.pth"
    state = theirs.state_dict()
    if request.param == "mmpretrain":
        trunk = {f"backbone.{name}": value for name, value in state.items() if not name.startswith("fc.")}
        head = {name.replace("fc.", "head.fc."): value for name, value in state.items() if name.startswith("fc.")}
        state = {"meta": {"epoch": 100}, "state_dict": {**trunk, **head}}
    torch.save(state, path)
    return BACKBONES.get("resnet50")(ResNetOptions(weights=str(path), image_size=SIZE))


def test_dense_is_the_last_map_and_pooled_its_mean(loaded, theirs):
    images = torch.randn(2, 3, SIZE, SIZE)
    features = loaded.encode_images(images)
    trunk = torch.nn.Sequential(*list(theirs.children())[:-2])
    with torch.no_grad():
        expected = trunk(images)
    torch.testing.assert_close(features.dense, expected.flatten(2).transpose(1, 2), rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(features.pooled, expected.mean(dim=(2, 3)), rtol=1e-4, atol=1e-5)
    assert features.dense.shape == (2, 4, 2048)
    assert loaded.grid == (2, 2)


def test_there_is_no_text_tower_and_no_position(loaded):
    assert not loaded.has_text
    assert loaded.text is None
    assert loaded.position.shape == (5, 2048)
    assert not loaded.position.any()
    assert loaded.to(torch.device("cpu")) is loaded


def test_it_is_frozen_with_its_statistics(loaded):
    """mmpretrain's `train` and `eval` return nothing, and batch statistics would change with every image."""
    assert not any(module.training for module in loaded.encoder.modules())
    assert not any(p.requires_grad for p in loaded.encoder.parameters())
    one = torch.randn(1, 3, SIZE, SIZE)
    alone = loaded.encode_images(one).pooled
    together = loaded.encode_images(torch.cat([one, 9 * torch.randn(1, 3, SIZE, SIZE)])).pooled[:1]
    torch.testing.assert_close(alone, together, rtol=1e-4, atol=1e-5)


def test_eval_of_an_mmpretrain_trunk_returns_nothing_still():
    """Fails when the caution is no longer needed."""
    assert _resnet(50).eval() is None


def test_random_weights_are_marked_and_the_same_everywhere():
    before = torch.get_rng_state()
    one, other = (BACKBONES.get("resnet50")(ResNetOptions(weights="random", image_size=SIZE)) for _ in range(2))
    assert torch.equal(torch.get_rng_state(), before)
    assert one.random_weights
    assert one.weights_sha256.startswith("random:resnet50")
    assert all(torch.equal(a, b) for a, b in zip(one.encoder.parameters(), other.encoder.parameters(), strict=True))


def test_preprocessing_is_imagenets(loaded):
    assert loaded.transform["mean"] == (0.485, 0.456, 0.406)
    assert loaded.transform["std"] == (0.229, 0.224, 0.225)


@pytest.mark.parametrize("content", [b"", b"no checkpoint", "other architecture", "a tensor", "empty"])
@pytest.mark.parametrize("ending", ["pth", "safetensors"])
def test_a_file_that_is_no_checkpoint_of_it_gives_one_sentence(tmp_path, content, ending):
    path = tmp_path / f"weights.{ending}"
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        held = {"other architecture": {"weight": torch.zeros(3)}, "a tensor": torch.zeros(3), "empty": {}}
        torch.save(held[content], path)
    with pytest.raises(DataError, match=r"no checkpoint of a ResNet-50|cannot be read|holds no tensors") as caught:
        BACKBONES.get("resnet50")(ResNetOptions(weights=str(path), image_size=SIZE))
    assert "\n" not in str(caught.value)


def test_names_that_mmpretrain_does_not_know_are_refused_with_what_is_allowed():
    with pytest.raises(UsageError, match="'resnet5' of resnet50 are no file and no model of mmpretrain; give imagenet"):
        BACKBONES.get("resnet50").fingerprint(ResNetOptions(weights="resnet5"))
    with pytest.raises(UsageError, match="multiple of 32"):
        build(ResNetOptions, {"image_size": "100"}, owner="resnet50")


def test_imagenet_weights_are_found_by_mmpretrains_own_name(monkeypatch, tmp_path):
    """Which address is asked, without asking it."""
    requests = []

    def download(url, target, progress):
        requests.append(url)
        raise OSError("no network here")

    monkeypatch.setattr(torch.hub, "download_url_to_file", download)
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    with pytest.raises(DataError, match=r"'imagenet' of resnet101 could not be downloaded \(no network here\)"):
        BACKBONES.get("resnet101").fingerprint(ResNetOptions())
    assert [url.rsplit("/", 1)[1].split("_")[0] for url in requests] == ["resnet101"]
