"""The backbone of a feature pack: its facts from the pack, its encoders only where its weights are available."""

import functools
from typing import Any, NoReturn

import torch
from PIL import Image
from torch import Tensor

from bench.backbones.base import BACKBONES, Backbone, ImageFeatures
from bench.data.pack import Pack
from bench.data.pack.facts import POSITION_FILE
from bench.errors import BenchError, DataError
from bench.records.component import Component
from bench.settings.conversion import build


def options_at_hand(component: Component) -> Any:
    """The options of a component, with the places of its files on this machine."""
    kind = BACKBONES.get(component.name)
    return build(kind.Options, {**component.options, **component.paths}, owner=component.name)


def weights_problem(component: Component) -> str:
    """Why the weights of a pack's backbone cannot be used here, "" if they can: their hash must be the pack's."""
    try:
        content = BACKBONES.get(component.name).fingerprint(options_at_hand(component))
    except BenchError as error:
        return str(error).rstrip(".")
    if content != component.fingerprint:
        return f"the weights here are others than those of the pack (SHA-256 {component.fingerprint[:12]}...)"
    return ""


class PackedBackbone(Backbone):
    """Methods that need no text tower run on the facts in the pack; everything else is built on first use."""

    def __init__(self, dataset: Pack, component: Component):
        facts, kind = dataset.pack.encoder, BACKBONES.get(component.name)
        super().__init__(component.options)
        self.component, self._kind, self._device = component, kind, torch.device("cpu")
        self.name, self.has_text, self.has_token_texts = kind.name, kind.has_text, kind.has_token_texts  # type: ignore[misc]
        self.grid, self.dim, self.logit_scale = facts.grid, facts.dim, facts.logit_scale
        self.weights_sha256, self.random_weights = facts.weights_sha256, facts.random_weights
        self.position = torch.tensor(dataset.array(POSITION_FILE, *dataset.pack.position))

    @classmethod
    def fingerprint(cls, options: Any) -> NoReturn:
        raise NotImplementedError("a pack's backbone is known by its component")

    def mark_on(self, default: str) -> str:  # type: ignore[override]
        """Of the kind that this class stands for."""
        return self._kind.mark_on(default)

    @functools.cached_property
    def whole(self) -> Backbone:
        """The backbone itself; DataError where its weights are not available."""
        if problem := weights_problem(self.component):
            raise DataError(f"{self.name} is not at hand: {problem}.")
        return self._kind(options_at_hand(self.component)).to(self._device)

    @property
    def text(self) -> Any:  # type: ignore[override]
        return self.whole.text if self.has_text else None

    @property
    def encoder(self) -> Any:  # type: ignore[override]
        return self.whole.encoder

    @property
    def image_size(self) -> int:  # type: ignore[override]
        return self.whole.image_size

    @property
    def transform(self) -> dict[str, Any]:
        return self.whole.transform

    def resize(self, image: Image.Image) -> Image.Image:
        return self.whole.resize(image)

    def preprocess(self, image: Image.Image) -> Tensor:
        return self.whole.preprocess(image)

    def encode_images(self, images: Tensor) -> ImageFeatures:
        return self.whole.encode_images(images)

    def to(self, device: torch.device) -> "PackedBackbone":
        self._device, self.position = device, self.position.to(device)
        if "whole" in self.__dict__:
            self.whole.to(device)
        return self


def opened_backbone(component: Component, pack: Pack | None) -> Backbone:
    """The backbone of a cell; on a pack the pack's."""
    if pack is not None:
        return PackedBackbone(pack, component)
    return BACKBONES.get(component.name)(options_at_hand(component))


def weights_content(component: Component, pack: Pack | None) -> str:
    """The hash of the weights that this name stands for here; on a pack, of those that encoded it."""
    if pack is not None:
        return pack.pack.backbone.fingerprint
    return BACKBONES.get(component.name).fingerprint(options_at_hand(component))
