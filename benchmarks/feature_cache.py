"""The feature cache: images/s read and encoded, memory against the number of images, checksums, the second run.

    python benchmarks/feature_cache.py [--photos FOLDER] [--images 32] [--threads 2]

Photographs (drawn noise without --photos) are encoded by RN101 with random weights at 224 and 448 pixels; memory is
the peak of a fresh process whose backbone costs nothing, so that only the cache's own work shows; the last lines are
what COCO needs on disk. Nothing is kept.
"""

import argparse
import functools
import multiprocessing
import os
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from bench.backbones import BACKBONES, Backbone
from bench.backbones.base import ImageFeatures
from bench.data import Split
from bench.data.images import ImageFiles
from bench.features import ENCODE_BATCH, Shape, cached_features, entries, verify
from bench.features.encode import batches
from bench.records.component import Component
from bench.system.peak_memory import PeakMemory

COCO_IMAGES = 82_783 + 40_504


class Drawn(Sequence[Image.Image]):
    """Noise of a photograph's size, drawn on access."""

    def __init__(self, count: int, size: tuple[int, int]):
        self.count, self.size = count, size

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, index: Any) -> Any:
        noise = np.random.default_rng(index).integers(0, 255, (self.size[1], self.size[0], 3), dtype=np.uint8)
        return Image.fromarray(noise)


class Free:
    """A backbone that costs nothing and has RN101's tokens at 448 pixels: 14 x 14 of 512 dims."""

    grid, dim, position, transform = (14, 14), 512, torch.zeros(1), {"size": 32}

    def __init__(self) -> None:
        self.encoded = 0

    def preprocess(self, image: Image.Image) -> torch.Tensor:
        return torch.zeros(3, 32, 32)

    def encode_images(self, images: torch.Tensor) -> ImageFeatures:
        self.encoded += len(images)
        dense = torch.ones(len(images), 196, 512)
        return ImageFeatures(dense, dense[:, 0])


def split_of(images: Sequence[Image.Image]) -> Split:
    return Split(tuple(map(str, range(len(images)))), np.ones((len(images), 1), np.int8), images)


def encode(split: Split, backbone: Any, cache: Path, name: str) -> float:
    """Seconds; the features stay in `cache`."""
    began = time.perf_counter()
    cached_features(
        part="train",
        split=split,
        dataset=Component("benchmark"),
        backbone=backbone,
        component=Component(name),
        cache=cache,
        progress=lambda done, total: None,
    )
    return time.perf_counter() - began


def peak_of(count: int, answers: Any) -> None:
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        free, split = Free(), split_of(Drawn(count, (32, 32)))
        with PeakMemory(torch.device("cpu")) as memory:
            first = encode(split, free, Path(folder), "free")
        checking = time.perf_counter()
        [entry] = entries(Path(folder))
        assert verify(entry) == ("sound", [])
        checking = time.perf_counter() - checking
        again = Free()
        second = encode(split, again, Path(folder), "free")
        assert free.encoded == count
        answers.put((memory.peak["process"], first, checking, second, again.encoded, entry.shape.bytes))


def say(text: str) -> None:
    print(text, flush=True)  # noqa: T201


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", type=Path, help="a folder of JPEGs")
    parser.add_argument("--images", type=int, default=32)
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    paths = sorted(arguments.photos.rglob("*.jpg")) if arguments.photos else []
    images: Sequence[Image.Image] = ImageFiles(paths) if paths else Drawn(256, (640, 480))
    kind = "photographs" if paths else "drawn images"
    say(f"{len(images)} {kind}, {os.cpu_count()} cores, {arguments.threads} threads")

    rn101 = BACKBONES.get("RN101")
    shapes = {}
    say(f"{'':34}{'images/s':>10}  N")
    for side in (224, 448):
        backbone: Backbone = rn101(rn101.Options(weights="random", image_size=side))
        shapes[side] = functools.partial(
            Shape, tokens=int(np.prod(backbone.grid)), dim=backbone.dim, chunk=ENCODE_BATCH
        )
        began = time.perf_counter()
        for batch in batches(images, backbone, prepare=None):
            del batch
        pace = len(images) / (time.perf_counter() - began)
        say(f"{f'read and preprocess at {side}':34}{pace:10.1f}  {len(images)}")
        with tempfile.TemporaryDirectory() as folder:
            few = split_of(images[: arguments.images] if paths else Drawn(arguments.images, (640, 480)))
            seconds = encode(few, backbone, Path(folder), f"RN101 at {side}")
        say(f"{f'RN101 at {side}, from file to disk':34}{len(few) / seconds:10.1f}  {len(few)}")

    say(f"\n{'images':>8}{'on disk MiB':>13}{'peak MiB':>10}{'write MiB/s':>13}{'verify MiB/s':>14}{'second run':>22}")
    context = multiprocessing.get_context("spawn")
    for count in (200, 2000):
        answers = context.Queue()
        process = context.Process(target=peak_of, args=(count, answers))
        process.start()
        peak, first, checking, second, encoded, size = answers.get(timeout=300)
        process.join()
        hit = f"{encoded} encoded, {1e3 * second:.0f} ms"
        mib = size / 2**20
        say(f"{count:8}{mib:13.1f}{peak:10.0f}{mib / first:13.0f}{mib / checking:14.0f}{hit:>22}")

    if paths:
        many = [paths[i % len(paths)] for i in range(COCO_IMAGES)]
        began = time.perf_counter()
        _ = ImageFiles(many).content
        say(
            f"\nkey of {len(many):,} files: {time.perf_counter() - began:.1f} s ({len(paths)} distinct ones, warm disk)"
        )
    for side, shape in shapes.items():
        say(f"COCO 2014, RN101 at {side}: {shape(images=COCO_IMAGES).bytes / 2**30:.1f} GiB for {COCO_IMAGES:,} images")


if __name__ == "__main__":
    main()
