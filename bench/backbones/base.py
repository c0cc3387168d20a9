"""What a frozen image-text encoder gives to everybody else."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar, NamedTuple

import torch
from PIL import Image
from torch import Tensor, nn

from bench.registry import Registry

BACKBONES: Registry[type["Backbone"]] = Registry("backbone", packages=("bench.backbones",))


class Tokens(NamedTuple):
    """P prompts cut to the longest of them.

    ids: int64 (P, L), start token first, end token at position `end` (P,), zeros behind it.
    """

    ids: Tensor
    end: Tensor


class TextEncoder(nn.Module):
    """A frozen causal text tower, run only over the tokens that are there.

    width: W, the token embedding size; dim: D, the joint space; context: the longest prompt in tokens.
    """

    width: int
    dim: int
    context: int

    def tokenize(self, texts: Sequence[str]) -> Tokens:
        """DataError names the first text that is longer than the context."""
        raise NotImplementedError

    def embed(self, ids: Tensor) -> Tensor:
        """Token embeddings (P, L, W) of ids (P, L), without positions."""
        raise NotImplementedError

    def forward(self, embedded: Tensor, end: Tensor) -> Tensor:
        """Un-normalised text features (P, D) of embedded prompts (P, L, W) whose end token stands at `end` (P,).

        Exact for any L > end.max(): under a causal mask no token sees what comes after it.
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


class Backbone(ABC):
    """Base of all backbones; subclasses set `Options` and are registered by name.

    grid: (H, W) of the token grid; dim: D; logit_scale: the multiplier that the checkpoint was trained with
    (about 100 for the released CLIPs); weights_sha256: what the weights are; random_weights: whether they mean nothing.
    position: (1 + HW, D), the projected positional embedding without bias: row 0 belongs to the mean token.
    Adding it to projected tokens gives the projection of tokens with positions, exactly.
    """

    name: ClassVar[str]
    version: ClassVar[int] = 1
    Options: ClassVar[type]

    grid: tuple[int, int]
    dim: int
    image_size: int
    logit_scale: float
    position: Tensor
    text: TextEncoder
    weights_sha256: str
    random_weights: bool = False

    def __init__(self, options: Any):
        self.options = options

    @classmethod
    @abstractmethod
    def fingerprint(cls, options: Any) -> str:
        """A hash of the weights that `options` name, found without building the model."""

    @property
    @abstractmethod
    def transform(self) -> dict[str, Any]:
        """The preprocessing as plain data; it is part of the feature cache's key."""

    @abstractmethod
    def preprocess(self, image: Image.Image) -> Tensor:
        """float32 (3, S, S), normalised."""

    @abstractmethod
    def encode_images(self, images: Tensor) -> ImageFeatures:
        """Features of images (B, 3, S, S); no gradient."""

    @abstractmethod
    def to(self, device: torch.device) -> "Backbone": ...
