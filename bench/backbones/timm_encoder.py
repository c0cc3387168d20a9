"""Any image encoder of timm: convolutional nets and transformers, frozen or trained, without a text tower."""

import contextlib
import hashlib
import math
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import timm
import torch
from torch import Tensor, nn

from bench.backbones.base import BACKBONES, Backbone, ImageEncoder, ImageFeatures
from bench.backbones.checkpoint import a_checkpoint_of, read_state
from bench.backbones.timm_weights import model_config, weights_path
from bench.errors import UsageError
from bench.settings.config import setting
from bench.system.seeding import stream_seed
from bench.system.wording import shown

STACKS = ("stages", "blocks", "layers", "features")
"""What timm calls the list of a model's stages or blocks; ResNets have each stage under a name of its own."""


class TimmEncoder(ImageEncoder):
    """dense: the tokens that `forward_features` gives, row-major, without class and register tokens.

    pooled: what the model's own classifier reads, where that is as wide as a token; else the mean of the tokens.
    """

    def __init__(self, trunk: Any):
        super().__init__()
        self.trunk = trunk

    def forward(self, images: Tensor) -> ImageFeatures:
        features = self.trunk.forward_features(images)
        dense, pooled = self._tokens(features), self.trunk.forward_head(features, pre_logits=True)
        return ImageFeatures(dense, pooled if pooled.shape[1:] == dense.shape[2:] else dense.mean(dim=1))

    def _tokens(self, features: Tensor) -> Tensor:
        if features.dim() == 3:
            return features[:, getattr(self.trunk, "num_prefix_tokens", 0) :]
        if features.dim() == 4:
            channels_last = str(getattr(self.trunk, "output_fmt", "NCHW")) == "NHWC"
            return features.flatten(1, 2) if channels_last else features.flatten(2).transpose(1, 2)
        raise ValueError(f"features of shape {tuple(features.shape)} are no tokens")

    def last_stage(self) -> dict[str, nn.Module | nn.Parameter]:
        """The last stage or block, and what has parameters behind it."""
        parts = {name: part for name, part in self.trunk.named_children() if any(True for _ in part.parameters())}
        names = list(parts)
        last = max(i for i, name in enumerate(names) if name in STACKS or isinstance(parts[name], nn.Sequential))
        stage = parts[names[last]]
        return {
            names[last]: [*stage.children()][-1] if names[last] in STACKS else stage,
            **{name: parts[name] for name in names[last + 1 :]},
        }


@dataclass(frozen=True, kw_only=True)
class TimmOptions:
    """Settings of an encoder of timm."""

    name: str = setting("resnet50.a1_in1k", "a model of timm, with the tag of its weights: resnet50.a1_in1k")
    weights: str = setting("pretrained", "pretrained (through timm's hub), a checkpoint's path, or random")
    image_size: int = setting(0, "side of the square input in pixels; 0: what the model was trained with", ge=0)


@BACKBONES.register("timm")
class Timm(Backbone):
    """Any image encoder of timm (`--set timm.name=NAME`), with its own normalisation and size; no text tower.

    position is zero (an encoder's tokens include their positions already), logit_scale 1.
    """

    Options = TimmOptions
    has_text = False

    def __init__(self, options: TimmOptions):
        super().__init__(options)
        self.weights_sha256 = self.fingerprint(options)
        self.random_weights = options.weights == "random"
        config = model_config(options.name)
        own = config.test_input_size or config.input_size
        self.image_size = options.image_size or own[-1]
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(stream_seed("weights", options.name))
            sized: dict[str, Any] = {"img_size": self.image_size} if config.fixed_input_size else {}
            with _a_fitting_size(options.name, self.image_size):
                trunk = timm.create_model(options.name, pretrained=False, num_classes=0, **sized)
        if not self.random_weights:
            _load(trunk, options)
        self.encoder = TimmEncoder(trunk).float().eval().requires_grad_(False)
        self.mean, self.std = tuple(config.mean), tuple(config.std)
        with torch.inference_mode(), _a_fitting_size(options.name, self.image_size):
            dense = self.encoder(torch.zeros(1, 3, self.image_size, self.image_size)).dense
            side = math.isqrt(dense.shape[1])
            if not side or side * side != dense.shape[1]:
                raise ValueError(f"{dense.shape[1]} tokens are no square")
        self.grid, self.dim = (side, side), dense.shape[2]
        self.logit_scale, self.text = 1.0, None
        self.position = torch.zeros(1 + side * side, self.dim)

    @classmethod
    def fingerprint(cls, options: TimmOptions) -> str:
        if options.weights == "random":
            return f"random:{options.name}:{stream_seed('weights', options.name)}"
        with weights_path(options.name, options.weights).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()


@contextlib.contextmanager
def _a_fitting_size(name: str, size: int) -> Iterator[None]:
    """While the block builds and tries a model for images of `size` pixels: one sentence if it cannot be."""
    try:
        yield
    except (AssertionError, RuntimeError, ValueError, TypeError) as error:
        reason = str(error).split("\n")[0]
        raise UsageError(
            f"timm's {shown(name)} does not take images of {size} x {size} pixels ({reason}); leave timm.image_size, "
            "or give a larger multiple of the model's patches."
        ) from None


def _load(trunk: nn.Module, options: TimmOptions) -> None:
    with a_checkpoint_of(options.name, options.weights, "pretrained"):
        state: Any = read_state(weights_path(options.name, options.weights))
        adapt = getattr(sys.modules[type(trunk).__module__], "checkpoint_filter_fn", None)
        if adapt is not None:  # timm's own renaming of old checkpoints, and resizing of positions to the input's grid
            state = adapt(state, trunk)
        own = trunk.state_dict()
        # The classifier is left out; what else is missing or of another shape is refused.
        trunk.load_state_dict({name: value for name, value in state.items() if name in own}, strict=True)
