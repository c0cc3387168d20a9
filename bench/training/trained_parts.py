"""An image encoder of which just the trained parts are a model's own."""

import copy

import torch
from torch import Tensor, nn

from bench.backbones.base import ImageEncoder
from methods import Features


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
