"""The embedded dataset: nothing to download, drawn on first use."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from PIL import Image

from bench.data.base import DATASETS, Box, Dataset, Split
from bench.errors import UsageError
from bench.system.progress import Progress

from .categories import CLASS_NAMES
from .compose import SIZE, Placed
from .gallery import pictures
from .seeds import RENDERER_VERSION
from .source import Benchmark

SCENE_LIMIT = 1_000_000
"""Scenes of one split: 12 GB of pixels."""


@dataclass(frozen=True)
class ScenesOptions:
    """world: 0 is the benchmark's own; another number is an unseen world (own contexts and palette).
    n_train, n_test: how many scenes; scene i is the same whatever the count."""

    world: int = 0
    n_train: int = 3000
    n_test: int = 2000

    def __post_init__(self) -> None:
        if self.world < 0 or not all(1 <= count <= SCENE_LIMIT for count in (self.n_train, self.n_test)):
            raise UsageError(f"scenes takes world >= 0, and n_train and n_test from 1 to {SCENE_LIMIT:,}, not {self}.")


class _Images(Sequence[Image.Image]):
    """Opens the gallery when the first picture is read."""

    def __init__(self, source: Benchmark, count: int, cache: Path, hearer: Callable[[], Progress | None]) -> None:
        self._source, self._count, self._cache, self._hearer = source, count, cache, hearer

    @cached_property
    def _pixels(self) -> np.ndarray:
        name = f"v{RENDERER_VERSION}-w{self._source.world}-{self._source.split}-{self._count}.npy"
        return pictures(self._source, self._count, self._cache / "scenes" / name, on_progress=self._hearer())

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, i):  # an int gives a picture, a slice a list of pictures
        if isinstance(i, slice):
            return [self[j] for j in range(*i.indices(self._count))]
        return Image.fromarray(np.array(self._pixels[i]))


@DATASETS.register("scenes")
class Scenes(Dataset):
    """Procedurally drawn scenes of 20 everyday categories, 64x64 pixels, made on first use.

    Labels are composed without drawing; set ``on_progress`` to follow how the drawing goes.
    """

    name = "scenes"
    version = RENDERER_VERSION
    caveat = (
        "`scenes` is a miniature: drawn scenes of 64 x 64 pixels and a CLIP of a few million weights, both shipped "
        "with this package. It shows that methods run and how they behave when labels go missing; no number here "
        "compares with a paper's on VOC, COCO or Visual Genome."
    )
    default_backbone = "tiny_clip"
    Options = ScenesOptions

    @property
    def class_names(self) -> tuple[str, ...]:
        return CLASS_NAMES

    @cached_property
    def fingerprint(self) -> str:
        """The renderer's version and the options decide every label and pixel; nothing is composed to tell."""
        return hashlib.sha256(f"scenes {RENDERER_VERSION} {self.options}".encode()).hexdigest()

    def check(self) -> None:
        """Every scene shows something; none is composed to tell."""

    @property
    def has_unknown(self) -> bool:
        """Every label is known; no scene is composed to tell."""
        return False

    @property
    def sizes(self) -> dict[str, int]:
        """The options say it; nothing is composed to tell."""
        return {"train_images": self.options.n_train, "test_images": self.options.n_test}

    @cached_property
    def train(self) -> Split:
        return self._split("train", self.options.n_train)

    @cached_property
    def test(self) -> Split:
        return self._split("test", self.options.n_test)

    def _split(self, split: str, count: int) -> Split:
        source = Benchmark(self.options.world, split)
        ids = tuple(f"scenes-v{RENDERER_VERSION}/w{self.options.world}/{split}/{i:06d}" for i in range(count))
        labels = np.stack([source.scene(i).labels() for i in range(count)])
        return Split(ids, labels, _Images(source, count, self.cache, lambda: self.on_progress))

    def boxes(self, part: str) -> Sequence[Sequence[Box]]:
        """As composed; what stands in front may hide a part of what is behind."""
        source = Benchmark(self.options.world, part)
        return [[_box(one) for one in source.scene(i).objects] for i in range(len(getattr(self, part)))]


def _box(one: Placed) -> Box:
    """Cut off at the image's border."""
    around = (one.x - one.half_w, one.y - one.half_h, one.x + one.half_w, one.y + one.half_h)
    return Box(one.category, *(min(max(edge / SIZE, 0.0), 1.0) for edge in around))
