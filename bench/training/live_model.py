"""Live model: an image encoder, trained or frozen, in front of a method."""

import copy
from collections.abc import Callable
from typing import Any

import torch
from mmengine.model import BaseModel
from torch import Tensor, nn

from bench.backbones.base import ImageEncoder
from bench.training.live import Live
from bench.training.scope import MODELS
from methods import Features, Method

ENCODER = "image_encoder"
"""The encoder's name in checkpoints, and what its learning rate hangs on."""


class _Held:
    """Keeps an encoder out of a module's own parameters."""

    def __init__(self, encoder: ImageEncoder):
        self.encoder = encoder


class _Shared(_Held):
    """A frozen encoder: copies of a model share it."""

    def __deepcopy__(self, memo: dict) -> "_Shared":
        return self


class TrainedParts(nn.Module):
    """An encoder of which this module owns just what is trained: that is in checkpoints, averages and the optimiser.

    The rest is what the backbone's weights say. A trained encoder is a copy of the backbone's own, which other cells
    share. Statistics of normalisation are frozen in any case.
    """

    def __init__(self, encoder: ImageEncoder, train: str):
        super().__init__()
        if train == "none":
            self._held: _Held = _Shared(encoder)
            return
        whole = copy.deepcopy(encoder)
        parts: dict[str, nn.Module | nn.Parameter] = {"all": whole} if train == "all" else whole.last_stage()
        for name, part in parts.items():
            setattr(self, name, part.requires_grad_(True))
        self._held = _Held(whole)

    @property
    def whole(self) -> ImageEncoder:
        """The encoder with its trained and its frozen parts."""
        return self._held.encoder

    def forward(self, images: Tensor) -> Features:
        """Features of images (B, 3, S, S), float32, with gradients where something is trained."""
        trained = any(True for _ in self.parameters())
        with torch.set_grad_enabled(trained and torch.is_grad_enabled()):
            features = self._held.encoder(images)
        return Features(features.dense.float(), features.pooled.float())

    def train(self, mode: bool = True) -> "TrainedParts":
        """Neither BatchNorm nor dropout of the encoder ever leaves its evaluation mode."""
        super().train(False)
        self._held.encoder.eval()
        return self


@MODELS.register_module()
class LiveModel(BaseModel):
    """An image encoder in front of a method, which knows nothing of it.

    `Task.position` stays what the loaded weights say: a trained encoder moves away from it, and a method that adds it
    adds a constant.
    """

    def __init__(self, method: dict[str, Any], live: Live, dense: bool):
        super().__init__()
        self.method: Method = MODELS.build(method)
        self.image_encoder = TrainedParts(live.encoder, live.train)
        self.dense = dense

    def encode(self, images: Tensor) -> Features:
        features = self.image_encoder(images)
        return features if self.dense else features._replace(dense=features.dense[:, :0])

    def forward(
        self, images: Tensor, labels: Tensor, rows: Tensor, strong: Tensor | None = None, mode: str = "loss"
    ) -> Any:
        """MMEngine's entry point: the method's own, on features made now."""
        strong_features = None if strong is None else self.encode(strong)
        return self.method(self.encode(images), labels, rows, strong_features, mode=mode)

    def scorer(self) -> Callable[[Features | Tensor], Tensor]:
        """Logits (B, C) of cached features, or of images (B, 3, S, S)."""
        score = self.method.scorer()
        return lambda images: score(self.encode(images) if isinstance(images, Tensor) else images)

    def start_epoch(self, epoch: int) -> None:
        self.method.start_epoch(epoch)

    def finish(self) -> None:
        self.method.finish()
