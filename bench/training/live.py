"""Live mode: images are decoded, augmented and encoded in every step; the encoder may be trained with the method."""

import copy
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from mmengine.model import BaseModel
from PIL import Image
from torch import Tensor, nn
from torch.utils.data import Sampler

from bench.backbones.base import ImageEncoder
from bench.features.augmentation import Augmentation
from bench.system.seeding import numpy_stream
from bench.training.scope import MODELS
from methods import Features, Method

ENCODER = "image_encoder"
"""The encoder's name in checkpoints, and what its learning rate hangs on."""

Load = Callable[[int], Any]


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


class Ahead:
    """What MMEngine's loops need of a DataLoader, with threads that read the next batch while this one is encoded.

    Threads, not processes: reading and resizing let go of the interpreter, and an image that cannot be read is
    reported as it is.
    """

    def __init__(self, dataset: LiveBatches | PlainImages, sampler: Sampler[np.ndarray], threads: int):
        self.dataset, self.sampler, self.threads = dataset, sampler, threads

    def __len__(self) -> int:
        return len(self.sampler)  # type: ignore[arg-type]

    def __iter__(self) -> Iterator[dict[str, Any]]:
        pool = ThreadPoolExecutor(self.threads)
        waiting: deque[tuple[np.ndarray, list[Future[Any]]]] = deque()
        try:
            for rows in self.sampler:
                waiting.append((rows, [pool.submit(self.dataset.load, int(row)) for row in rows]))
                if len(waiting) > 1:
                    yield self._collect(*waiting.popleft())
            while waiting:
                yield self._collect(*waiting.popleft())
        finally:
            pool.shutdown(wait=True, cancel_futures=True)

    def _collect(self, rows: np.ndarray, jobs: list[Future[Any]]) -> dict[str, Any]:
        return self.dataset.collate(rows, [job.result() for job in jobs])


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
