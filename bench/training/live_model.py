"""Live model: an image encoder, trained or frozen, in front of a method."""

from collections.abc import Callable
from typing import Any

from mmengine.model import BaseModel
from torch import Tensor

from bench.training.live import Live
from bench.training.trained_parts import TrainedParts
from methods import Features, Method

ENCODER = "image_encoder"
"""The encoder's name in checkpoints, and what its learning rate hangs on."""


class LiveModel(BaseModel):
    """An image encoder in front of a method, which knows nothing of it.

    `Task.position` stays what the loaded weights say: a trained encoder moves away from it, and a method that adds it
    adds a constant.
    """

    def __init__(self, method: Callable[[], Method], live: Live, dense: bool):
        super().__init__()
        self.method = method()
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
