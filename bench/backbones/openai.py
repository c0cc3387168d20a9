"""The released CLIPs through open_clip: RN50, RN101 and the ViTs, at any input size that the stride divides."""

import contextlib
import hashlib
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from bench.backbones.base import BACKBONES
from bench.backbones.checkpoint import a_checkpoint_of, read_state
from bench.backbones.clip import CLIP_MEAN, CLIP_STD, ClipBackbone
from bench.backbones.hub import without_waiting
from bench.errors import DataError, UsageError
from bench.settings.config import setting
from bench.system.seeding import stream_seed


@dataclass(frozen=True, kw_only=True)
class ReleasedOptions:
    """Settings of a released CLIP."""

    stride: ClassVar[int] = 32

    weights: str = setting("openai", "an open_clip tag (downloaded by open_clip), a checkpoint's path, or random")
    image_size: int = setting(448, "side of the square input in pixels, a multiple of the stride (32)", ge=32)
    activation: Literal["auto", "quickgelu", "gelu"] = setting(
        "auto", "what the weights were trained with; auto: the tag's own, quickgelu (OpenAI's) for a file or random"
    )

    def __post_init__(self) -> None:
        if self.image_size % self.stride:
            raise ValueError(f"image_size = {self.image_size} is not allowed: give a multiple of {self.stride}")


class ReleasedClip(ClipBackbone):
    """Base of the released CLIPs.

    OpenAI's towers use QuickGELU and open_clip's plain model names do not: the wrong one costs accuracy silently, so
    it is chosen with the weights and asserted. open_clip cannot load 224-pixel weights into a larger ModifiedResNet:
    the positional embedding's grid is resized when they are loaded (bicubic), as DualCoOp does; it resizes once more in
    a forward pass for images of another size, and here all have one size.
    """

    Options = ReleasedOptions
    architecture: ClassVar[str]
    position_key: ClassVar[str] = "visual.attnpool.positional_embedding"

    def __init__(self, options: ReleasedOptions):
        import open_clip
        from open_clip.transformer import QuickGELU

        super().__init__(options)
        self.weights_sha256 = self.fingerprint(options)
        self.random_weights = options.weights == "random"
        architecture, tag = self._resolve(options)
        with torch.random.fork_rng(devices=[]), _without_warnings():
            torch.manual_seed(stream_seed("weights", self.architecture))
            model = open_clip.create_model(architecture, force_image_size=options.image_size)
        if not self.random_weights:
            self._load(model, architecture, options)
        if architecture == self.architecture:
            assert any(isinstance(m, QuickGELU) for m in model.transformer.modules()), "the towers must use QuickGELU"
        self.mean, self.std = tuple(tag.get("mean") or CLIP_MEAN), tuple(tag.get("std") or CLIP_STD)
        self.adopt(model, open_clip.get_tokenizer(architecture), options.image_size)

    def _load(self, model: nn.Module, architecture: str, options: ReleasedOptions) -> None:
        with a_checkpoint_of(architecture, options.weights, "a tag"):
            state = _state_dict(_checkpoint_path(self.name, architecture, options.weights))
            state[self.position_key] = resize_position(
                state[self.position_key], side=options.image_size // options.stride
            )
            model.load_state_dict(state, strict=True)

    @classmethod
    def _resolve(cls, options: ReleasedOptions) -> tuple[str, dict[str, Any]]:
        """The open_clip architecture with the right activation, and the tag's description ({} without a tag)."""
        import open_clip

        quick, plain = cls.architecture, cls.architecture.removesuffix("-quickgelu")
        if options.weights == "random" or Path(options.weights).is_file():
            return (plain if options.activation == "gelu" else quick), {}
        for architecture in (quick, plain):
            tag = open_clip.get_pretrained_cfg(architecture, options.weights)
            if tag:
                trained_with = "quickgelu" if architecture == quick else "gelu"
                if options.activation not in ("auto", trained_with):
                    raise UsageError(f"weights {options.weights!r} were trained with {trained_with}; leave activation.")
                return architecture, tag
        tags = dict.fromkeys(t for a in (quick, plain) for t in open_clip.list_pretrained_tags_by_model(a))
        raise UsageError(
            f"weights {options.weights!r} are no file and no tag of {quick}; tags: {', '.join(tags)}, or random."
        )

    @classmethod
    def fingerprint(cls, options: ReleasedOptions) -> str:
        if options.weights == "random":
            return f"random:{cls.architecture}:{stream_seed('weights', cls.architecture)}"
        path = _checkpoint_path(cls.name, cls._resolve(options)[0], options.weights)
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


def _checkpoint_path(name: str, architecture: str, weights: str) -> Path:
    path = Path(weights)
    if path.is_file():
        return path
    import open_clip

    try:
        with without_waiting():
            return Path(open_clip.download_pretrained(open_clip.get_pretrained_cfg(architecture, weights)))
    except Exception as error:
        raise DataError(
            f"the weights {weights!r} of {name} could not be downloaded ({error}); give a checkpoint with "
            f"--set {name}.weights=FILE, or another encoder with --backbone (`bench ls backbones`; lite2_minilm needs "
            f"no network but is no CLIP); --set {name}.weights=random is for a smoke test."
        ) from None


def _state_dict(path: Path) -> dict[str, Tensor]:
    state = read_state(path)
    for key in ("input_resolution", "context_length", "vocab_size"):  # OpenAI's archives keep them among the tensors
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


class ReleasedViT(ReleasedClip):
    """Base of the released vision transformers; the stride is the patch size."""

    position_key = "visual.positional_embedding"


@dataclass(frozen=True, kw_only=True)
class ViT32Options(ReleasedOptions):
    """Settings of a ViT with patches of 32 pixels."""

    image_size: int = setting(224, "side of the square input in pixels, a multiple of the patch size (32)", ge=32)


@dataclass(frozen=True, kw_only=True)
class ViT16Options(ReleasedOptions):
    """Settings of a ViT with patches of 16 pixels."""

    stride = 16
    image_size: int = setting(224, "side of the square input in pixels, a multiple of the patch size (16)", ge=16)


@dataclass(frozen=True, kw_only=True)
class ViT14Options(ReleasedOptions):
    """Settings of a ViT with patches of 14 pixels."""

    stride = 14
    image_size: int = setting(224, "side of the square input in pixels, a multiple of the patch size (14)", ge=14)


@dataclass(frozen=True, kw_only=True)
class ViT336Options(ViT14Options):
    """Settings of the ViT that was trained at 336 pixels."""

    image_size: int = setting(336, "side of the square input in pixels, a multiple of the patch size (14)", ge=14)


@BACKBONES.register("ViT-B-32")
class ViTB32(ReleasedViT):
    """CLIP ViT-B/32 (D = 512, 7x7 tokens at 224 pixels)."""

    Options = ViT32Options
    architecture = "ViT-B-32-quickgelu"


@BACKBONES.register("ViT-B-16")
class ViTB16(ReleasedViT):
    """CLIP ViT-B/16 (D = 512, 14x14 tokens at 224 pixels)."""

    Options = ViT16Options
    architecture = "ViT-B-16-quickgelu"


@BACKBONES.register("ViT-L-14")
class ViTL14(ReleasedViT):
    """CLIP ViT-L/14 (D = 768, 16x16 tokens at 224 pixels)."""

    Options = ViT14Options
    architecture = "ViT-L-14-quickgelu"


@BACKBONES.register("ViT-L-14-336")
class ViTL14At336(ReleasedViT):
    """CLIP ViT-L/14 trained at 336 pixels (D = 768, 24x24 tokens): VLPL's teacher."""

    Options = ViT336Options
    architecture = "ViT-L-14-336-quickgelu"
