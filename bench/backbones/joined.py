"""A CLIP-like backbone from installable parts (see `bench.backbones.lite2_minilm`): photographs without a CLIP."""

import hashlib
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from bench.backbones.base import BACKBONES, Backbone, ImageEncoder, ImageFeatures
from bench.backbones.lite2_minilm.minilm import load_minilm
from bench.backbones.lite2_minilm.space import JointSpace, load_space, space_sha256
from bench.backbones.lite2_minilm.trunk import LITE2_CHANNELS, LITE2_MEAN, LITE2_STD, LITE2_STRIDE, load_trunk, tokens
from bench.backbones.lite2_minilm.weights import PACKAGED_FILES
from bench.settings.config import setting


class MappedTrunk(ImageEncoder):
    """dense: each token of the trunk's last map through one linear map; pooled: their mean."""

    def __init__(self, trunk: nn.Sequential, space: JointSpace):
        super().__init__()
        self.trunk = trunk
        self.value = nn.Linear(LITE2_CHANNELS, len(space.value))
        self.value.load_state_dict({"weight": space.value, "bias": space.offset})

    def forward(self, images: Tensor) -> ImageFeatures:
        dense = self.value(tokens(self.trunk, images))
        return ImageFeatures(dense=dense, pooled=dense.mean(dim=1))

    def last_stage(self) -> dict[str, nn.Module | nn.Parameter]:
        *_, last, head, _ = self.trunk  # the last blocks, the convolution behind them, its activation
        return {"blocks": last, "head": head, "value": self.value}


@dataclass(frozen=True, kw_only=True)
class JoinedOptions:
    """Settings of the joined backbone."""

    image_size: int = setting(192, "side of the square input in pixels, a multiple of 32", ge=32)

    def __post_init__(self) -> None:
        if self.image_size % LITE2_STRIDE:
            raise ValueError(f"image_size = {self.image_size} is not allowed: give a multiple of {LITE2_STRIDE}")


@BACKBONES.register("lite2_minilm")
class Lite2MiniLM(Backbone):
    """An ImageNet trunk and a sentence encoder in one space (D = 384): no CLIP; needs `pip install '.[photos]'`.

    position is zero: a convolution knows its place by the border alone.
    """

    Options = JoinedOptions
    mark = "no CLIP"
    has_token_texts = False  # the mean over all tokens is what was trained
    mean, std = LITE2_MEAN, LITE2_STD

    def __init__(self, options: JoinedOptions):
        super().__init__(options)
        self.weights_sha256 = self.fingerprint(options)
        space = load_space()
        self.encoder = MappedTrunk(load_trunk(), space).float().eval().requires_grad_(False)
        self.text = load_minilm(space.centre)
        side = options.image_size // LITE2_STRIDE
        self.grid, self.dim, self.image_size = (side, side), len(space.value), options.image_size
        self.logit_scale = float(space.logit_scale)
        self.position = torch.zeros(1 + side * side, self.dim)

    @classmethod
    def fingerprint(cls, options: JoinedOptions) -> str:
        """Of the hashes that the packaged files are held to and of the map's; UsageError where the files are absent."""
        for file in PACKAGED_FILES:
            file.path()
        return hashlib.sha256(
            " ".join([*(file.sha256 for file in PACKAGED_FILES), space_sha256()]).encode()
        ).hexdigest()
