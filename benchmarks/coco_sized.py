"""A fabricated dataset and backbone of COCO's size: drawn labels and features, nothing to download.

    bench run --plugin benchmarks/coco_sized.py --dataset fabricated --backbone drawn --methods bce_iu,dualcoop \\
        --ratios 0.1 --set fabricated.images=82081 --set fabricated.classes=80 --set drawn.tokens=196

It writes the feature cache in its own format (COCO's size, RN101's tokens: 23 GiB; --set drawn.tokens=4 for 0.9 GiB).
Labels have COCO's long tail, features mean nothing: time and memory are those of real ones, scores are chance.
`benchmarks/growth.py` measures how both grow.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import open_clip
import torch
from PIL import Image
from torch import Tensor, nn

from bench.backbones.base import BACKBONES, ImageEncoder, ImageFeatures
from bench.backbones.clip import ClipBackbone
from bench.data.base import DATASETS, Dataset, Split
from bench.settings.config import setting
from bench.system.mapped import mapped
from bench.system.seeding import numpy_stream

PATTERNS = 4099
"""Distinct drawn tokens; a prime, so that images are not alike."""


@dataclass(frozen=True, kw_only=True)
class FabricatedOptions:
    """Settings of the fabricated dataset; defaults as in COCO 2014."""

    images: int = setting(82_081, "training images", ge=1)
    test_images: int = setting(40_137, "test images", ge=1)
    classes: int = setting(80, "classes", ge=2)
    present: float = setting(2.9, "present classes in an image, on average", gt=0)


class NumberedImages(Sequence[Image.Image]):
    """Images of one pixel, whose colour is their number."""

    def __init__(self, count: int):
        self.count = count

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, index: Any) -> Any:
        return Image.new("RGB", (1, 1), (index & 255, index >> 8 & 255, index >> 16 & 255))


@DATASETS.register("fabricated")
class Fabricated(Dataset):
    """Drawn labels with a long tail: class c is as frequent as 1 / (c + 5)."""

    Options = FabricatedOptions

    @property
    def class_names(self) -> tuple[str, ...]:
        return tuple(f"kind {c}" for c in range(self.options.classes))

    @cached_property
    def train(self) -> Split:
        return self._split("train", self.options.images)

    @cached_property
    def test(self) -> Split:
        return self._split("test", self.options.test_images)

    def _split(self, part: str, count: int) -> Split:
        path = self.cache / "fabricated" / f"{part}-{count}-{self.options.classes}-{self.options.present}.npy"
        labels = mapped(path, lambda: self._labels(part, count))
        return Split(tuple(f"{part}/{i}" for i in range(count)), labels, NumberedImages(count))

    def _labels(self, part: str, count: int) -> np.ndarray:
        rng = numpy_stream("scene", part)
        weights = 1 / (np.arange(self.options.classes) + 5)
        shares = np.minimum(self.options.present * weights / weights.sum(), 0.5)
        labels = np.full((count, self.options.classes), -1, np.int8)
        for c, share in enumerate(shares):
            labels[rng.choice(count, max(1, round(share * count)), replace=False), c] = 1
        return labels


@dataclass(frozen=True, kw_only=True)
class DrawnOptions:
    """Settings of the drawn backbone; defaults are those of RN101 at 448 pixels and its text tower."""

    tokens: int = setting(196, "tokens of an image", ge=1)
    dim: int = setting(512, "D, the size of the joint space", ge=8)
    text_width: int = setting(512, "width of the text tower, a multiple of 64", ge=64)
    text_layers: int = setting(12, "layers of the text tower", ge=1)


class DrawnEncoder(ImageEncoder):
    """Tokens looked up in a drawn table by the number that an image's colour is."""

    def __init__(self, tokens: int, dim: int):
        super().__init__()
        self.grid = (1, tokens)
        self.register_buffer("table", torch.randn(PATTERNS, dim, generator=torch.Generator().manual_seed(0)))

    def forward(self, images: Tensor) -> ImageFeatures:
        number = (images.flatten(1).long() * torch.tensor([1, 256, 65536], device=images.device)).sum(dim=1)
        places = torch.arange(self.grid[1], device=images.device)
        dense = self.table[(number[:, None] * 31 + places * (1 + number[:, None] % 97)) % PATTERNS]
        return ImageFeatures(dense, dense.mean(dim=1))

    def projected_position(self) -> Tensor:
        return torch.zeros(1 + self.grid[1], self.table.shape[1])

    def last_stage(self) -> dict[str, nn.Module | nn.Parameter]:
        return {}


@BACKBONES.register("drawn")
class Drawn(ClipBackbone):
    """Drawn image features behind a text tower of open_clip's with random weights."""

    Options = DrawnOptions
    mean, std = (0.0, 0.0, 0.0), (1.0, 1.0, 1.0)
    random_weights = True

    def __init__(self, options: DrawnOptions):
        super().__init__(options)
        self.weights_sha256 = self.fingerprint(options)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            model = open_clip.CLIP(
                embed_dim=options.dim,
                vision_cfg={"layers": 1, "width": 64, "patch_size": 32, "image_size": 32},
                text_cfg={
                    "width": options.text_width,
                    "heads": options.text_width // 64,
                    "layers": options.text_layers,
                },
            )
        self.adopt(model, open_clip.get_tokenizer("RN101"), 1)

    @classmethod
    def fingerprint(cls, options: DrawnOptions) -> str:
        return f"drawn:{options}"

    def _encoder(self, visual: nn.Module) -> Any:
        return DrawnEncoder(self.options.tokens, self.options.dim)

    def preprocess(self, image: Image.Image) -> Tensor:
        return torch.tensor(image.getpixel((0, 0)), dtype=torch.float32).view(3, 1, 1)
