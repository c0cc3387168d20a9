"""Encoding a batch: precision, what half precision cannot hold, and how far ahead images are read."""

import time

import numpy as np
import pytest
import torch
from helpers.eye import Eye, features, files, split
from PIL import Image

from bench.backbones.base import ImageFeatures
from bench.errors import DataError, UsageError
from bench.features import (
    ENCODE_BATCH,
    encoding_dtype,
)
from bench.features.encode import encode_batch


def test_a_missing_image_is_named_by_the_encoding(tmp_path):
    images = files(tmp_path / "a", [10, 20, 30])
    images.images.paths[1].unlink()
    with pytest.raises(DataError, match=r"1\.png is missing"):
        features(tmp_path, Eye(), images)


@pytest.mark.parametrize("scale", [1e6, float("nan")])
def test_what_half_precision_cannot_hold_is_refused(tmp_path, scale):
    with pytest.raises(DataError, match="overflow half precision"):
        features(tmp_path, Eye(scale=scale))
    assert not list(tmp_path.rglob("features.json"))


def test_images_are_read_at_most_two_batches_ahead(tmp_path):
    """However slow the encoder is: what waits for it stays bounded, and so does memory."""
    waiting = []

    count = 5 * ENCODE_BATCH

    class Slow(Eye):
        read = 0

        def preprocess(self, image: Image.Image) -> torch.Tensor:
            self.read += 1
            return super().preprocess(image)

        def encode_images(self, images: torch.Tensor) -> ImageFeatures:
            end = time.monotonic() + 100
            while self.read <= min(self.encoded + ENCODE_BATCH, count - 1) and time.monotonic() < end:
                time.sleep(0.001)  # however slow the reader is
            time.sleep(0.02)  # for it to go too far ahead, where nothing holds it
            waiting.append(self.read - self.encoded)
            return super().encode_images(images)

    features(tmp_path, Slow(), split(count))
    assert max(waiting) <= 2 * ENCODE_BATCH
    assert max(waiting) > ENCODE_BATCH  # but they are read while the encoder works


def test_float32_on_a_cpu_and_half_precision_on_a_gpu():
    cpu, gpu = torch.device("cpu"), torch.device("cuda")
    assert encoding_dtype(cpu) == torch.float32
    assert encoding_dtype(gpu) == torch.float16
    assert encoding_dtype(gpu, "bfloat16") == encoding_dtype(cpu, "bfloat16") == torch.bfloat16
    assert encoding_dtype(gpu, "float32") == torch.float32
    with pytest.raises(UsageError, match="float64"):
        encoding_dtype(cpu, "float64")


class Product:
    """A backbone that multiplies matrices, which is what autocast acts on."""

    position = torch.zeros(1)
    weight = torch.linspace(-1, 1, 48 * 5).reshape(48, 5)

    def encode_images(self, images: torch.Tensor) -> ImageFeatures:
        pooled = images.flatten(1) @ self.weight
        self.dtype = pooled.dtype
        return ImageFeatures(pooled[:, None], pooled)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_matrices_are_multiplied_in_the_dtype_and_stored_in_ours(dtype):
    images, product = torch.randn(3, 3, 4, 4, generator=torch.Generator().manual_seed(0)), Product()
    dense, pooled = encode_batch(product, images, dtype)
    assert product.dtype == dtype
    assert (dense.dtype, pooled.dtype) == (np.float16, np.float32)
    exact = images.flatten(1) @ Product.weight
    assert np.array_equal(pooled, exact) == (dtype == torch.float32)
    assert pooled == pytest.approx(exact.numpy(), abs=0.1)
