"""Weights files from others: no code in them is run, also not where a TorchScript archive is read."""

from pathlib import Path

import pytest
import torch
from helpers.hostile import TORCH, Hostile, assert_refused
from safetensors.torch import save_file
from torch import nn

from bench.backbones import BACKBONES
from bench.backbones.checkpoint import read_state
from bench.backbones.imagenet import ImageNetResNet
from bench.backbones.openai import ReleasedClip
from bench.backbones.timm_encoder import Timm
from bench.errors import DataError
from bench.settings.conversion import build

pytestmark = [
    pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning", "ignore::UserWarning"),
    pytest.mark.slow,
]
ALLOWED = (
    "give a safetensors file, a state dict of torch.save that opens with weights_only=True, or OpenAI's TorchScript"
)


@pytest.mark.parametrize("nested", [False, True], ids=["alone", "in a state dict"])
@pytest.mark.parametrize("write", TORCH.values(), ids=TORCH)
@pytest.mark.parametrize("name", ["RN50", "ViT-B-32", "resnet50", "timm"])
def test_code_in_a_weights_file_is_not_run(name, write, nested, tmp_path):
    path, marker = tmp_path / "evil.pt", tmp_path / "marker"
    write(path, {"state_dict": {"weight": Hostile(marker)}} if nested else Hostile(marker))
    backbone = BACKBONES.get(name)
    with pytest.raises(DataError, match=ALLOWED) as caught:
        backbone(build(backbone.Options, {"weights": str(path)}, owner=name))
    assert_refused(caught.value, path, marker)
    assert ("more than plain data" if write is TORCH["plain pickle"] else "it holds posix.mkdir") in str(caught.value)


def test_every_other_backbone_that_takes_a_file_reads_it_the_same_way():
    takers = [BACKBONES.get(name) for name in BACKBONES.names() if hasattr(BACKBONES.get(name).Options, "weights")]
    assert len(takers) >= 8
    assert all(issubclass(taker, (ReleasedClip, ImageNetResNet, Timm)) for taker in takers)
    assert all("_load" not in vars(taker) for taker in takers)


def test_the_command_line_refuses_it_in_one_sentence(tmp_path, call):
    path, marker = tmp_path / "evil.pt", tmp_path / "marker"
    torch.save(Hostile(marker), path)
    options = ("--backbone", "resnet50", "--set", f"resnet50.weights={path}", "--set", "scenes.n_train=20")
    command = ["run", "--methods", "bce_iu", "--ratios", "0.5", "--results", str(tmp_path / "r")]
    result = call(*command, *options)
    assert result.code == 2, result.err
    assert not marker.exists()
    assert "evil.pt cannot be read as weights" in result.err
    assert "Traceback" not in result.err


class Part(nn.Module):
    """Parameters, buffers and a plain tensor, of several types; two parts share storage."""

    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(3, 2).half()
        self.layers = nn.Sequential(nn.Linear(2, 2, bias=False), nn.BatchNorm2d(2))
        self.register_buffer("ids", torch.arange(6).view(2, 3).T)
        self.register_buffer("none", torch.zeros(0, dtype=torch.bool))
        self.register_buffer("input_resolution", torch.tensor(224))
        self.head = nn.Parameter(self.layers[0].weight[1])
        self.mask = torch.ones(2)
        self.sizes = [1, 2]

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.linear(x.half()).float() @ self.layers[0].weight + self.head + self.mask * self.sizes[0]


@pytest.mark.parametrize("how", ["script", "trace"])
def test_a_torchscript_archive_gives_the_state_that_torch_would_load(how, tmp_path):
    module = Part().eval()
    archive = torch.jit.script(module) if how == "script" else torch.jit.trace(module, torch.ones(4, 3))
    archive.save(str(tmp_path / "part.pt"))
    expected = torch.jit.load(tmp_path / "part.pt").state_dict()
    state = read_state(tmp_path / "part.pt")
    assert state.keys() == expected.keys()
    assert "mask" not in state
    for name, value in expected.items():
        assert state[name].dtype == value.dtype
        assert torch.equal(state[name], value), name


class Writing(nn.Module):
    """Writes a file while torch.jit.load restores it."""

    def __init__(self, marker: str):
        super().__init__()
        self.weight, self.marker = nn.Parameter(torch.zeros(2)), marker

    @torch.jit.export
    def __getstate__(self) -> tuple[torch.Tensor, str, bool]:
        return self.weight, self.marker, self.training

    @torch.jit.export
    def __setstate__(self, state: tuple[torch.Tensor, str, bool]) -> None:
        torch.save(state[0], state[1])
        self.weight, self.marker, self.training = state

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x


def test_code_of_a_torchscript_archive_is_not_run(tmp_path):
    path, marker = tmp_path / "evil.pt", tmp_path / "marker"
    torch.jit.script(Writing(str(marker))).save(str(path))
    backbone = BACKBONES.get("RN50")
    with pytest.raises(DataError, match="no checkpoint of RN50"):
        backbone(build(backbone.Options, {"weights": str(path), "image_size": "224"}, owner="RN50"))
    assert not marker.exists()
    torch.jit.load(path)
    assert marker.exists(), "torch itself runs it; were it not so, torch.jit.load would do"


def test_the_content_says_what_kind_of_file_it_is(tmp_path):
    state = {"a": torch.ones(2), "b": torch.zeros(3, dtype=torch.int64)}
    save_file(state, tmp_path / "safe.bin")
    torch.save({"state_dict": {f"module.{name}": value for name, value in state.items()}}, tmp_path / "x.safetensors")
    torch.save(state, tmp_path / "legacy.pt", _use_new_zipfile_serialization=False)
    for path in sorted(Path(tmp_path).iterdir()):
        result = read_state(path)
        assert result.keys() == state.keys()
        assert all(torch.equal(result[name], state[name]) for name in state)
