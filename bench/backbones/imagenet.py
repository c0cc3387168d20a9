"""ImageNet ResNets through mmpretrain: image encoders without a text tower (SST, SARB, HST, ROLE and their kin)."""

import contextlib
import functools
import hashlib
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar
from urllib.parse import urlparse

import torch
from torch import Tensor, nn

from bench.backbones.base import BACKBONES, Backbone, ImageEncoder, ImageFeatures
from bench.backbones.checkpoint import a_checkpoint_of, read_state
from bench.errors import DataError, UsageError
from bench.settings.config import setting
from bench.system.seeding import stream_seed

STRIDE = 32
CHANNELS = 2048


class LastMapEncoder(ImageEncoder):
    """dense: the last map (B, HW, 2048), one token a location; pooled: its mean, as ImageNet's own head reads it."""

    def __init__(self, trunk: nn.Module):
        """`trunk`: mmpretrain's ResNet, which gives a tuple with the last map (B, 2048, H, W)."""
        super().__init__()
        self.trunk = trunk

    def forward(self, images: Tensor) -> ImageFeatures:
        [last] = self.trunk(images)
        dense = last.flatten(2).transpose(1, 2)
        return ImageFeatures(dense=dense, pooled=dense.mean(dim=1))

    def last_stage(self) -> dict[str, nn.Module | nn.Parameter]:
        return {"layer4": self.trunk.layer4}  # type: ignore[dict-item]


@dataclass(frozen=True, kw_only=True)
class ResNetOptions:
    """Settings of an ImageNet ResNet."""

    weights: str = setting("imagenet", "imagenet, a model name of mmpretrain, a checkpoint's path, or random")
    image_size: int = setting(448, "side of the square input in pixels, a multiple of 32", ge=32)

    def __post_init__(self) -> None:
        if self.image_size % STRIDE:
            raise ValueError(f"image_size = {self.image_size} is not allowed: give a multiple of {STRIDE}")


class ImageNetResNet(Backbone):
    """Base of the ImageNet ResNets. Files of mmpretrain and of torchvision fit: the layers have the same names.

    position is zero (a convolution knows its place by the border alone), logit_scale 1.
    """

    Options = ResNetOptions
    has_text = False
    mean = (0.485, 0.456, 0.406)
    std = (0.229, 0.224, 0.225)
    depth: ClassVar[int]

    def __init__(self, options: ResNetOptions):
        super().__init__(options)
        self.weights_sha256 = self.fingerprint(options)
        self.random_weights = options.weights == "random"
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(stream_seed("weights", f"resnet{self.depth}"))
            trunk = _resnet(self.depth)
        if not self.random_weights:
            self._load(trunk, self._path(options.weights))
        self.encoder = LastMapEncoder(trunk).float().requires_grad_(False)
        # Not in one expression: mmpretrain's `train` returns None, and so does `.eval()`.
        self.encoder.eval()
        side = options.image_size // STRIDE
        self.grid, self.dim, self.image_size = (side, side), CHANNELS, options.image_size
        self.logit_scale, self.text = 1.0, None
        self.position = torch.zeros(1 + side * side, CHANNELS)

    def _load(self, trunk: nn.Module, path: Path) -> None:
        with a_checkpoint_of(f"a ResNet-{self.depth}", self.options.weights, "a model name of mmpretrain"):
            trunk.load_state_dict(_trunk_state(path), strict=True)

    @classmethod
    def fingerprint(cls, options: ResNetOptions) -> str:
        if options.weights == "random":
            return f"random:resnet{cls.depth}:{stream_seed('weights', f'resnet{cls.depth}')}"
        with cls._path(options.weights).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    @classmethod
    def _path(cls, weights: str) -> Path:
        path = Path(weights)
        return path if path.is_file() else _downloaded(f"resnet{cls.depth}", weights)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """mmcv-lite warns at import of an operator that nothing here uses."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _resnet(depth: int) -> nn.Module:
    with _quiet():
        from mmpretrain.models.backbones import ResNet  # takes seconds; imported only when such a backbone is used

        return ResNet(depth=depth, num_stages=4, out_indices=(3,), style="pytorch")


def _trunk_state(path: Path) -> dict[str, Tensor]:
    """The trunk's weights in a file of mmpretrain ("backbone." in front) or torchvision, without the classifier."""
    trunk = {name.removeprefix("backbone."): value for name, value in read_state(path).items()}
    return {name: value for name, value in trunk.items() if not name.startswith(("fc.", "head."))}


@functools.cache
def _downloaded(architecture: str, weights: str) -> Path:
    """The checkpoint of a model that mmpretrain knows by name, fetched once into torch's own cache."""
    name = f"{architecture}_8xb32_in1k" if weights == "imagenet" else weights
    with _quiet():
        from mmpretrain.apis.model import ModelHub
    try:
        url = ModelHub.get(name).weights
    except ValueError:
        raise UsageError(
            f"weights {weights!r} of {architecture} are no file and no model of mmpretrain; "
            f"give imagenet, a name such as {architecture}_8xb32_in1k, a checkpoint's path, or random."
        ) from None
    if not url:
        raise UsageError(f"mmpretrain has no weights for {name!r}; give imagenet or a checkpoint's path.")
    target = Path(torch.hub.get_dir()) / "checkpoints" / Path(urlparse(url).path).name
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            torch.hub.download_url_to_file(url, str(target), progress=False)
        except OSError as error:
            raise DataError(
                f"the weights {weights!r} of {architecture} could not be downloaded ({error}); "
                "give a local checkpoint's path, or random for a smoke test."
            ) from None
    return target


@BACKBONES.register("resnet50")
class ResNet50(ImageNetResNet):
    """ImageNet ResNet-50 (D = 2048), no text tower: the backbone of the ROLE family."""

    depth = 50


@BACKBONES.register("resnet101")
class ResNet101(ImageNetResNet):
    """ImageNet ResNet-101 (D = 2048), no text tower: the backbone of SST, SARB, HST and SR."""

    depth = 101
