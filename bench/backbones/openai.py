"""The released CLIP ResNets through open_clip: RN50 and RN101, at any input size that is a multiple of 32."""

import contextlib
import hashlib
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from pickle import UnpicklingError
from typing import ClassVar

import open_clip
import torch
from open_clip.factory import load_state_dict
from open_clip.transformer import QuickGELU
from torch import Tensor, nn
from torch.nn import functional as F

from bench.backbones.base import BACKBONES
from bench.backbones.clip import ClipBackbone
from bench.config import setting
from bench.errors import DataError, UsageError
from bench.seeding import stream_seed


@dataclass(frozen=True, kw_only=True)
class ReleasedOptions:
    """Settings of a released CLIP."""

    weights: str = setting("openai", "an open_clip tag (downloaded by open_clip), a checkpoint's path, or random")
    image_size: int = setting(448, "side of the square input in pixels, a multiple of 32", ge=32)

    def __post_init__(self) -> None:
        if self.image_size % 32:
            raise ValueError(f"image_size = {self.image_size} is not allowed: give a multiple of 32")


class ReleasedClip(ClipBackbone):
    """Base of the released ResNet CLIPs.

    The text towers use QuickGELU; the plain model names of open_clip do not, so the quickgelu ones are built and
    the activation is asserted. open_clip cannot load 224-pixel weights into a larger ModifiedResNet: the positional
    embedding's grid is resized here, once (bicubic), which is what DualCoOp does in each forward pass.
    """

    Options = ReleasedOptions
    architecture: ClassVar[str]

    def __init__(self, options: ReleasedOptions):
        super().__init__(options)
        self.weights_sha256 = self.fingerprint(options)
        self.random_weights = options.weights == "random"
        with torch.random.fork_rng(devices=[]), _without_warnings():
            torch.manual_seed(stream_seed("weights", self.architecture))
            model = open_clip.create_model(self.architecture, force_image_size=options.image_size)
        if not self.random_weights:
            self._load(model, options)
        assert any(isinstance(m, QuickGELU) for m in model.transformer.modules()), "the text tower must use QuickGELU"
        self.adopt(model, open_clip.get_tokenizer(self.architecture), options.image_size)

    def _load(self, model: nn.Module, options: ReleasedOptions) -> None:
        try:
            state = _state_dict(self.architecture, options.weights)
            key = "visual.attnpool.positional_embedding"
            state[key] = resize_position(state[key], side=options.image_size // 32)
            model.load_state_dict(state, strict=True)
        except (RuntimeError, KeyError, AttributeError, UnpicklingError, EOFError) as error:
            reason = str(error).splitlines()[0]
            raise DataError(
                f"the weights {options.weights!r} are no checkpoint of {self.architecture} ({reason}); "
                "give another file or a tag."
            ) from error

    @classmethod
    def fingerprint(cls, options: ReleasedOptions) -> str:
        if options.weights == "random":
            return f"random:{cls.architecture}:{stream_seed('weights', cls.architecture)}"
        path = _checkpoint_path(cls.architecture, options.weights)
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()


@contextlib.contextmanager
def _without_warnings() -> Iterator[None]:
    """open_clip warns that the model is random; here the weights are loaded after it, or random on purpose."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(before)


def _checkpoint_path(architecture: str, weights: str) -> Path:
    path = Path(weights)
    if path.is_file():
        return path
    tag = open_clip.get_pretrained_cfg(architecture, weights)
    if not tag:
        tags = ", ".join(open_clip.list_pretrained_tags_by_model(architecture))
        raise UsageError(f"weights {weights!r} are no file and no tag of {architecture}; tags: {tags}, or random.")
    try:
        return Path(open_clip.download_pretrained(tag))
    except Exception as error:
        raise DataError(
            f"the weights {weights!r} of {architecture} could not be downloaded ({error}); "
            "give a local checkpoint's path, or random for a smoke test."
        ) from None


def _state_dict(architecture: str, weights: str) -> dict[str, Tensor]:
    state = load_state_dict(str(_checkpoint_path(architecture, weights)), weights_only=False)
    for key in ("input_resolution", "context_length", "vocab_size"):
        state.pop(key, None)
    return {key: value.float() if value.is_floating_point() else value for key, value in state.items()}


def resize_position(position: Tensor, side: int) -> Tensor:
    """Positional embedding (1 + h*h, W) for a grid of `side` x `side`, class row kept, bicubic."""
    old = round((len(position) - 1) ** 0.5)
    if old == side:
        return position
    grid = position[1:].T.reshape(1, -1, old, old)
    grid = F.interpolate(grid, size=(side, side), mode="bicubic", align_corners=False)
    return torch.cat([position[:1], grid.reshape(grid.shape[1], -1).T])


@BACKBONES.register("RN50")
class RN50(ReleasedClip):
    """OpenAI's CLIP ResNet-50 (D = 1024)."""

    architecture = "RN50-quickgelu"


@BACKBONES.register("RN101")
class RN101(ReleasedClip):
    """OpenAI's CLIP ResNet-101 (D = 512): the backbone of DualCoOp and its followers, at 448 pixels."""

    architecture = "RN101-quickgelu"
