"""Contract of backbones: an image encoder, with or without a text tower."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar, NamedTuple

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

from bench.settings.registry import Registry

BACKBONES: Registry[type["Backbone"]] = Registry("backbone", packages=("bench.backbones",))


class Tokens(NamedTuple):
    """P prompts cut to the longest of them.

    ids: int64 (P, L), start token first, end token at position `end` (P,), zeros behind it.
    """

    ids: Tensor
    end: Tensor


class TextEncoder(nn.Module):
    """A frozen text tower, run only over the real tokens: no token depends on what stands behind the end token.

    A causal tower (CLIP's) has this property; a bidirectional one (BERT's) masks what is behind the end.
    width: W, the token embedding size; dim: D, the joint space; context: the longest prompt in tokens.
    word_std: the initial standard deviation of learned contexts, that of the tower's own word embeddings; for CLIP
    0.02, as in CoOp.
    """

    width: int
    dim: int
    context: int
    word_std: float = 0.02

    def tokenize(self, texts: Sequence[str]) -> Tokens:
        """DataError names the first text that is longer than the context."""
        raise NotImplementedError

    def embed(self, ids: Tensor) -> Tensor:
        """Token embeddings (P, L, W) of ids (P, L), without positions."""
        raise NotImplementedError

    def forward(self, embedded: Tensor, end: Tensor) -> Tensor:
        """Un-normalised text features (P, D) of embedded prompts (P, L, W) whose end token stands at `end` (P,).

        Exact for any L > end.max(), whatever stands behind the end.
        """
        raise NotImplementedError

    def sequence(self, embedded: Tensor) -> Tensor:
        """Un-normalised features (P, L, D) at every position of embedded prompts (P, L, W): causal towers only.

        What `forward` gives is the row at `end`; a row behind it means nothing. A backbone whose tower has none says
        `has_token_texts = False`, and methods that say `token_texts = True` are not planned with it.
        """
        raise NotImplementedError

    def encode(self, texts: Sequence[str]) -> Tensor:
        """Un-normalised text features (P, D) of plain texts."""
        tokens = self.tokenize(texts)
        device = next(self.parameters()).device
        return self(self.embed(tokens.ids.to(device)), tokens.end.to(device))


class ImageFeatures(NamedTuple):
    """dense: (B, HW, D) un-normalised projected tokens, row-major over the grid; pooled: (B, D)."""

    dense: Tensor
    pooled: Tensor


class ImageEncoder(nn.Module):
    """The image tower: `encoder(images)` of normalised images (B, 3, S, S), with gradients for trained parameters.

    Live runs train a copy of it; everything else runs it frozen, through `Backbone.encode_images`.
    """

    def forward(self, images: Tensor) -> ImageFeatures:
        raise NotImplementedError

    def last_stage(self) -> dict[str, nn.Module | nn.Parameter]:
        """By name, what is trained when only the last stage is: the trunk's last stage and what comes behind it."""
        raise NotImplementedError


class Backbone(ABC):
    """Base of all backbones; subclasses set `Options` and are registered by name.

    has_text: whether there is a text tower; without one, `text` is None and methods that need it are skipped.
    has_token_texts: whether that tower gives features at every token of a sentence (`TextEncoder.sequence`).
    grid: (H, W) of the token grid; dim: D; logit_scale: the multiplier that the checkpoint was trained with
    (about 100 for the released CLIPs, 1 without a text tower); weights_sha256: what the weights are; random_weights:
    whether they mean nothing. mark: the flag of its numbers on every dataset whose default encoder is another one.
    position: (1 + HW, D), the projected positional embedding without bias: row 0 belongs to the mean token. Where the
    encoder adds positions behind its trunk (ResNet CLIPs) and leaves them out of `dense`, adding `position` gives the
    projection of tokens with positions, exactly. Zeros where `dense` holds all there is to know of them already.
    mean, std: of RGB in 0..1, for the normalisation.
    """

    name: ClassVar[str]
    version: ClassVar[int] = 1
    Options: ClassVar[type]
    has_text: ClassVar[bool] = True
    has_token_texts: ClassVar[bool] = True
    mark: ClassVar[str] = ""

    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    grid: tuple[int, int]
    dim: int
    image_size: int
    logit_scale: float
    position: Tensor
    text: TextEncoder | None
    encoder: ImageEncoder
    weights_sha256: str
    random_weights: bool = False

    def __init__(self, options: Any):
        self.options = options

    @classmethod
    @abstractmethod
    def fingerprint(cls, options: Any) -> str:
        """A hash of the weights that `options` name, found without building the model."""

    @classmethod
    def mark_on(cls, default: str) -> str:
        """The flag of its numbers on a dataset whose default encoder is `default`; "" for none."""
        return "" if cls.name == default else cls.mark

    @classmethod
    def input_side(cls, options: Any) -> int | None:
        """`image_size` without building the model; None where only the model knows it."""
        return getattr(options, "image_size", 0) or None

    @property
    def transform(self) -> dict[str, Any]:
        """The preprocessing as plain data; it is part of the feature cache's key."""
        return {"resize": "squash, PIL bicubic", "size": self.image_size, "mean": self.mean, "std": self.std}

    def resize(self, image: Image.Image) -> Image.Image:
        """Squashed to a square of S x S pixels (a crop would drop objects)."""
        size = (self.image_size, self.image_size)
        return image if image.size == size else image.resize(size, Image.Resampling.BICUBIC)

    def preprocess(self, image: Image.Image) -> Tensor:
        """float32 (3, S, S), normalised."""
        pixels = torch.from_numpy(np.asarray(self.resize(image), dtype=np.float32) / 255.0)
        normalised = (pixels - torch.tensor(self.mean)) / torch.tensor(self.std)
        return normalised.permute(2, 0, 1)

    @torch.inference_mode()
    def encode_images(self, images: Tensor) -> ImageFeatures:
        """Features of images (B, 3, S, S); no gradient."""
        return self.encoder(images)

    def to(self, device: torch.device) -> "Backbone":
        self.encoder.to(device)
        if self.text is not None:
            self.text.to(device)
        self.position = self.position.to(device)
        return self


BACKBONES.base = Backbone
