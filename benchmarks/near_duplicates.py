"""Recall of `bench prepare --near-duplicates` on changed copies of photographs.

    python benchmarks/near_duplicates.py PHOTOS [--count 400]

PHOTOS: a folder of images. For each change: the share of copies within the limit, and the median and the largest number
of bits. Then how many pairs of all photographs have at most so many bits; which are one photograph, only eyes can tell.
"""

import argparse
import io
import random
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image, ImageEnhance, ImageOps

from bench.data.image_facts import BITS, perceptual_hashes
from bench.data.near_duplicates import MOST_BITS, near_duplicates

Change = Callable[[Image.Image], Image.Image]


def compressed(quality: int) -> Change:
    def change(image: Image.Image) -> Image.Image:
        file = io.BytesIO()
        image.save(file, "JPEG", quality=quality)
        return Image.open(file).convert("RGB")

    return change


def boxed(left: float, top: float, right: float, bottom: float) -> Change:
    """Shares of the sides cut off; the rest is resized to the whole."""

    def change(image: Image.Image) -> Image.Image:
        width, height = image.size
        box = (left * width, top * height, width - right * width, height - bottom * height)
        return image.resize(image.size, Image.Resampling.BICUBIC, box=box)

    return change


CHANGES: dict[str, Change] = {
    "JPEG quality 30": compressed(30),
    "JPEG quality 10": compressed(10),
    "half the size": lambda image: image.resize((image.width // 2, image.height // 2)),
    "a quarter": lambda image: image.resize((image.width // 4, image.height // 4)),
    "brighter by 40 %": lambda image: ImageEnhance.Brightness(image).enhance(1.4),
    "contrast 70 %": lambda image: ImageEnhance.Contrast(image).enhance(0.7),
    "grey": lambda image: image.convert("L").convert("RGB"),
    "black frame of 4 %": lambda image: ImageOps.expand(image, round(0.04 * image.width)),
    **{f"{cut} % cut off each side": boxed(*4 * (cut / 100,)) for cut in (2, 4, 6, 8, 10)},
    **{f"{cut} % cut off the left": boxed(cut / 100, 0, 0, 0) for cut in (2, 4, 6, 8)},
    "mirrored": ImageOps.mirror,
}


def bits_between(one: bytes | None, other: bytes | None) -> int:
    pairs = near_duplicates([one, other], lambda *_: None, BITS)
    return pairs[0].bits if pairs else BITS


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photos", type=Path)
    parser.add_argument("--count", type=int, default=400)
    options = parser.parse_args()
    paths = sorted(path for path in options.photos.rglob("*") if path.suffix.lower() in (".jpg", ".jpeg", ".png"))
    chosen = random.Random(0).sample(paths, min(options.count, len(paths)))
    photos = [Image.open(path).convert("RGB") for path in chosen]
    hashes = [perceptual_hashes(photo) for photo in photos]
    print(f"{len(photos)} photos, limit {MOST_BITS} of {BITS} bits")  # noqa: T201
    for name, change in CHANGES.items():
        copies = [perceptual_hashes(change(photo)) for photo in photos]
        bits = np.array([bits_between(one, other) for one, other in zip(hashes, copies, strict=True)])
        print(f"{name:24} found {(bits <= MOST_BITS).mean():6.1%}  median {np.median(bits):4.0f}  most {bits.max():4d}")  # noqa: T201
    hashes = [perceptual_hashes(Image.open(path).convert("RGB")) for path in paths]
    pairs = near_duplicates(hashes, lambda *_: None, 72)
    for most in range(0, 73, 4):
        print(f"{sum(pair.bits <= most for pair in pairs):6} pairs of {len(paths):,} photos with at most {most} bits")  # noqa: T201


if __name__ == "__main__":
    main()
