"""A trained cell as one torch module: from images to logits."""

import contextlib
from collections.abc import Callable
from typing import Any

import torch
from PIL import Image
from torch import Tensor, nn

from bench.data.decode import to_rgb
from bench.features import encoding_dtype
from bench.trained import TrainedCell
from methods import Features, Method


class CellModel(nn.Module):
    """The model of a finished cell: `model(images)` gives logits (B, C) of images (B, 3, S, S) from `preprocess`.

    Scores are those of the cell's own evaluation: the same transform, the same rounding of frozen features. It stays in
    evaluation mode, and takes no gradient. Text features are computed once, and again on another device.

    class_names: C names, in the order of the logits. image_size: S.
    """

    def __init__(self, trained: TrainedCell):
        super().__init__()
        method, backbone = trained.method, trained.backbone
        self.class_names = trained.resources.dataset.class_names
        self.image_size = backbone.image_size
        self.encoder: nn.Module = trained.encoder
        self.head: Method = method
        self._preprocess = backbone.preprocess
        self._frozen, self.reads_tokens = not trained.encoder_trained, type(method).needs_dense(method.config)
        # Not a part of this module: a text tower is large, and no score needs it once the text features are there.
        self._text = [] if backbone.text is None else [backbone.text]
        self._score: Callable[[Features], Tensor] | None = None
        self.eval().requires_grad_(False)

    def preprocess(self, image: Image.Image) -> Tensor:
        """The image as the encoder takes it, float32 (3, S, S); of any mode that Pillow opens."""
        return self._preprocess(to_rgb(image))

    @torch.no_grad()
    def features(self, images: Tensor) -> Features:
        """Dense tokens (B, HW, D) and the pooled vector (B, D) that the head reads."""
        dtype = encoding_dtype(images.device) if self._frozen else torch.float32
        plain = dtype == torch.float32
        with contextlib.nullcontext() if plain else torch.autocast(images.device.type, dtype=dtype):
            dense, pooled = self.encoder(images)
        dense = dense.half().float() if self._frozen else dense.float()  # the feature cache keeps tokens in half
        return Features(dense if self.reads_tokens else dense[:, :0], pooled.float())

    @torch.no_grad()
    def forward(self, images: Tensor) -> Tensor:
        return self.scorer(self.features(images)).float()

    @property
    def scorer(self) -> Callable[[Features], Tensor]:
        """The method's function from features to logits (B, C), with its text features."""
        if self._score is None:
            self._score = self.head.scorer()
        return self._score

    def train(self, mode: bool = True) -> "CellModel":
        """Stays in evaluation mode whatever `mode` says: scores of another mode are not the cell's."""
        return super().train(False)

    def _apply(self, fn: Any, recurse: bool = True) -> "CellModel":
        """Moves to another device or type, with the text tower that the text features come from."""
        super()._apply(fn, recurse)
        for tower in self._text:
            tower._apply(fn, recurse)
        self._score = None
        return self
