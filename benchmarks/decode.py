"""How to read photographs: speed and exactness of decoders and resizers, against Pillow's bicubic (what papers use).

    python benchmarks/decode.py PHOTOS [--features 32]

PHOTOS: a folder of JPEGs. Per way of reading: wall images/s with 1 and 2 threads (decode only, files in memory), CPU
milliseconds per image (decode; decode and resize to 448), then the largest and the mean absolute difference from
Pillow of decoded pixels (0..255), of pixels resized to 224 and 448, and of the features of a random RN50 at 224,
relative to the features' own standard deviation. "refuses": of 300 damaged copies, how many of those that Pillow
refuses are refused too. Ratios within one run; machines are noisy.
"""

import argparse
import io
import os
import statistics
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from PIL import Image
from torchvision.io import ImageReadMode, decode_jpeg
from torchvision.transforms.v2 import InterpolationMode
from torchvision.transforms.v2.functional import resize as tensor_resize

from bench.backbones import BACKBONES
from bench.data.decode import jpeg_pixels
from bench.data.images import decode as as_bench_does


def pillow(content: bytes, side: int | None = None) -> np.ndarray:
    with Image.open(io.BytesIO(content)) as image:
        return np.asarray(image.convert("RGB"))


def draft(content: bytes, side: int | None = None) -> np.ndarray:
    """Pillow, but libjpeg halves the picture while decoding as long as it stays larger than the requested size."""
    with Image.open(io.BytesIO(content)) as image:
        if side:
            image.draft("RGB", (side, side))
        return np.asarray(image.convert("RGB"))


def torchvision(content: bytes, side: int | None = None) -> np.ndarray:
    encoded = torch.from_numpy(np.frombuffer(content, np.uint8).copy())
    return decode_jpeg(encoded, mode=ImageReadMode.RGB).permute(1, 2, 0).numpy()


def opencv(content: bytes, side: int | None = None) -> np.ndarray:
    pixels = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION)
    if pixels is None:
        raise OSError("refused")
    return cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB)


def resources(content: bytes, side: int | None = None) -> np.ndarray:
    return np.asarray(as_bench_does(content))


def bicubic(pixels: np.ndarray, side: int) -> np.ndarray:
    return np.asarray(Image.fromarray(pixels).resize((side, side), Image.Resampling.BICUBIC))


def by_tensor(pixels: np.ndarray, side: int) -> np.ndarray:
    tensor = torch.from_numpy(np.ascontiguousarray(pixels)).permute(2, 0, 1)
    resized = tensor_resize(tensor, [side, side], interpolation=InterpolationMode.BICUBIC, antialias=True)
    return resized.permute(1, 2, 0).contiguous().numpy()


def by_opencv(pixels: np.ndarray, side: int) -> np.ndarray:
    return cv2.resize(pixels, (side, side), interpolation=cv2.INTER_CUBIC)


@dataclass(frozen=True)
class Way:
    """A decoder of a file's content and a resizer of pixels."""

    name: str
    decode: Callable[..., np.ndarray]
    resize: Callable[[np.ndarray, int], np.ndarray] = bicubic


WAYS = (
    Way("Pillow + Pillow bicubic", pillow),
    Way("torchvision + Pillow bicubic", torchvision),
    Way("OpenCV + Pillow bicubic", opencv),
    Way("Pillow draft + Pillow bicubic", draft),
    Way("torchvision + tensor bicubic", torchvision, by_tensor),
    Way("OpenCV + OpenCV cubic", opencv, by_opencv),
    Way("what bench does", resources),
)


def per_second(work: Callable[[bytes], object], contents: list[bytes], threads: int, repeats: int = 3) -> float:
    """The best of some repeats: others' work on the machine only ever slows one down."""
    best = 0.0
    with ThreadPoolExecutor(threads) as pool:
        for _ in range(repeats):
            began = time.perf_counter()
            for _ in pool.map(lambda content: work(content) is None, contents):
                pass
            best = max(best, len(contents) / (time.perf_counter() - began))
    return best


def cpu_milliseconds(work: Callable[[bytes], object], contents: list[bytes]) -> float:
    times = []
    for content in contents:
        began = time.thread_time()
        work(content)
        times.append(time.thread_time() - began)
    return 1e3 * statistics.mean(times)


def difference(ones: list[np.ndarray], others: list[np.ndarray]) -> str:
    pairs = [(np.abs(a.astype(np.int16) - b), a) for a, b in zip(ones, others, strict=True) if a.shape == b.shape]
    if len(pairs) < len(ones):
        return "other size"
    return f"{max(d.max() for d, _ in pairs):3d} / {np.mean([d.mean() for d, _ in pairs]):.3f}"


def damaged(contents: list[bytes], count: int) -> list[bytes]:
    rng = np.random.default_rng(0)
    copies = []
    for number in range(count):
        copy = bytearray(contents[number % len(contents)])
        for place in rng.integers(2, 800 if number % 2 else len(copy) - 2, 3):
            copy[place] = rng.integers(0, 256)
        copies.append(bytes(copy))
    return copies


def refuses(work: Callable[[bytes], object], content: bytes) -> bool:
    try:
        work(content)
    except Exception:  # Pillow raises nearly anything
        return True
    return False


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photos", type=Path)
    parser.add_argument("--features", type=int, default=32, help="images that are encoded")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    os.environ.setdefault("OPENCV_LOG_LEVEL", "SILENT")

    contents = [path.read_bytes() for path in sorted(arguments.photos.rglob("*.jpg"))]
    ordinary = sum(jpeg_pixels(content) is not None for content in contents)
    print(f"{len(contents)} photographs, {ordinary} of them ordinary JPEGs; torch {torch.__version__}")  # noqa: T201
    copies = damaged(contents, 300)
    refused = [copy for copy in copies if refuses(pillow, copy)]
    rn50 = BACKBONES.get("RN50")
    encoder = rn50(rn50.Options(weights="random", image_size=224))
    few = contents[: arguments.features]

    def features(way: Way) -> torch.Tensor:
        images = [Image.fromarray(way.resize(way.decode(content, 224), 224)) for content in few]
        return torch.cat([encoder.encode_images(encoder.preprocess(image)[None]).dense for image in images])

    exact = {side: [bicubic(pillow(content), side) for content in contents] for side in (224, 448)}
    reference = features(WAYS[0])
    header = (
        "",
        "1 thread",
        "2 threads",
        "ms decode",
        "+resize",
        "decoded",
        "at 224",
        "at 448",
        "RN50 max/mean",
        "refuses",
    )
    widths = (30, 9, 10, 10, 8, 12, 12, 12, 16, 9)
    print("".join(f"{text:>{width}}" for text, width in zip(header, widths, strict=True)))  # noqa: T201
    for way in WAYS:
        resized = {s: [way.resize(way.decode(content, s), s) for content in contents] for s in (224, 448)}
        gap = (features(way) - reference).abs() / reference.std()
        cells = (
            way.name,
            f"{per_second(way.decode, contents, 1):.0f}/s",
            f"{per_second(way.decode, contents, 2):.0f}/s",
            f"{cpu_milliseconds(way.decode, contents):.2f}",
            f"{cpu_milliseconds(lambda content, way=way: way.resize(way.decode(content, 448), 448), contents):.2f}",
            difference([pillow(content) for content in few], [way.decode(content) for content in few]),
            difference(exact[224], resized[224]),
            difference(exact[448], resized[448]),
            f"{gap.max():.4f} / {gap.mean():.4f}",
            f"{sum(refuses(way.decode, copy) for copy in refused)}/{len(refused)}",
        )
        print("".join(f"{cell:>{width}}" for cell, width in zip(cells, widths, strict=True)))  # noqa: T201


if __name__ == "__main__":
    main()
