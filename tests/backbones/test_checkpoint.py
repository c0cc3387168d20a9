"""Checkpoints of CLIP: identified by their bytes, at other sizes, refused where they are none."""

import hashlib
import re

import open_clip
import pytest
import torch
from helpers.mini_clip import close, mini
from torch.nn import functional as F

from bench.backbones.openai import RN50, ReleasedOptions, resize_position
from bench.errors import DataError, UsageError
from bench.settings.conversion import build

pytestmark = pytest.mark.usefixtures("architectures")


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
    with pytest.raises(UsageError, match=r"multiple of 32|of at least 32"):
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
