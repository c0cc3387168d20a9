"""Live mode's data: images that are decoded and augmented in every step."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from bench.backbones.base import ImageEncoder
from bench.features.augmentation import Augmentation
from bench.system.seeding import numpy_stream


@dataclass(frozen=True)
class Live:
    """What a live cell reads instead of cached features. resize, preprocess: the backbone's own."""

    encoder: ImageEncoder
    resize: Callable[[Image.Image], Image.Image]
    preprocess: Callable[[Image.Image], Tensor]
    train_images: Sequence[Image.Image]
    test_images: Sequence[Image.Image]
    augment: Augmentation
    strong: Augmentation | None
    train: str
    lr_mult: float
    evaluate: str

    @property
    def trained(self) -> bool:
        """Whether any of the encoder is trained; if not, test images have cached features as ever."""
        return self.train != "none"


def augmented_image(
    image: Image.Image,
    augmentation: Augmentation,
    rng: np.random.Generator,
    resize: Callable[[Image.Image], Image.Image],
) -> Image.Image:
    """`image` augmented, squashed before where the augmentation's source does so."""
    return augmentation(resize(image) if augmentation.squashed else image, rng)


class LiveBatches:
    """Training images by batches: each image augmented as (seed, epoch, row) say, whichever batch it stands in."""

    def __init__(self, live: Live, observed: np.ndarray, seed: int):
        """`observed`: int8 (N, C), not copied."""
        self.live, self.seed, self.epoch = live, seed, 0
        self.labels = observed

    def set_epoch(self, epoch: int) -> None:
        self.epoch = epoch

    def load(self, row: int) -> tuple[Tensor, Tensor | None]:
        """The image of `row` as its encoder takes it, (3, S, S), and a strong view if there is one."""
        image = self.live.train_images[row]
        return self._view(image, self.live.augment, "view", row), (
            self._view(image, self.live.strong, "strong", row) if self.live.strong else None
        )

    def _view(self, image: Image.Image, augmentation: Augmentation, which: str, row: int) -> Tensor:
        rng = numpy_stream("augment", which, self.seed, self.epoch, row)
        return self.live.preprocess(augmented_image(image, augmentation, rng, self.live.resize))

    def collate(self, rows: np.ndarray, loaded: Sequence[tuple[Tensor, Tensor | None]]) -> dict[str, Any]:
        strong = [view for _, view in loaded if view is not None]
        images = torch.stack([view for view, _ in loaded])
        return {
            "images": images,
            "labels": torch.from_numpy(self.labels[rows]),
            "rows": torch.from_numpy(rows),
            "strong": torch.stack(strong) if strong else None,
        }


class PlainImages:
    """Images by batches for evaluation: never augmented."""

    def __init__(self, images: Sequence[Image.Image], preprocess: Callable[[Image.Image], Tensor]):
        self.images, self.preprocess = images, preprocess

    def load(self, row: int) -> Tensor:
        return self.preprocess(self.images[row])

    def collate(self, rows: np.ndarray, loaded: Sequence[Tensor]) -> dict[str, Any]:
        return {"images": torch.stack(list(loaded))}
