"""The feature cache: encoded once, keyed by all that decides the values, and never half-written."""

import dataclasses
import shutil
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from helpers.eye import COMPONENT, COUNT, DATASET, SIDE, Eye, features, split
from PIL import Image

from bench.backbones.base import ImageFeatures
from bench.data import Split
from bench.data.images import ImageFiles
from bench.errors import DataError, UsageError
from bench.features import (
    ENCODE_BATCH,
    Entry,
    Shape,
    content_digest,
    encoding_dtype,
    entries,
    feature_key,
    remove,
    verify,
)
from bench.features.encode import encode_batch


def expected(count: int = COUNT) -> np.ndarray:
    level = np.arange(count, dtype=np.float32)
    return np.stack([level, 0 * level, 255 - level], axis=1) / 255


def test_values_shapes_and_types(tmp_path):
    found = features(tmp_path, Eye())
    assert (found.dense.shape, found.dense.dtype) == ((COUNT, 4, 3), np.float16)
    assert (found.pooled.shape, found.pooled.dtype) == ((COUNT, 3), np.float32)
    assert found.pooled == pytest.approx(expected() / 3, abs=1e-6)  # also of the last, shorter chunk
    assert found.dense[:, 2] == pytest.approx(expected(), abs=1e-3)
    assert isinstance(found.dense, np.memmap)
    assert not found.dense.flags.writeable


def test_a_hit_encodes_no_image(tmp_path):
    features(tmp_path, Eye())
    second = Eye()
    again = features(tmp_path, second)
    assert second.encoded == 0
    assert again.pooled == pytest.approx(expected() / 3, abs=1e-6)


def test_the_key_changes_with_everything_that_decides_the_values():
    def key(part="train", images=None, dataset=DATASET, component=COMPONENT, transform=None, **more):
        return feature_key(part, images or split(3), dataset, component, transform or {"size": SIDE}, **more)

    different = [
        key(),
        key(part="test"),
        key(images=split(4)),
        key(images=split(3, "val")),
        key(dataset=dataclasses.replace(DATASET, fingerprint="other")),
        key(dataset=dataclasses.replace(DATASET, options={"world": 1})),
        key(component=dataclasses.replace(COMPONENT, fingerprint="other weights")),
        key(component=dataclasses.replace(COMPONENT, version=2)),
        key(transform={"size": SIDE + 1}),
        key(variant={"view": 0}),
        key(variant={"view": 1}),
        key(precision="float16"),
    ]
    assert len(set(different)) == len(different)
    backwards = dataclasses.replace(split(3), ids=split(3).ids[::-1])
    assert key(images=backwards) != key()
    assert key() == key()


def test_equal_names_in_train_and_test_are_different_images(tmp_path):
    """0001.jpg in train/ is not 0001.jpg in test/."""
    features(tmp_path, Eye(), split(5), part="train")
    bright = Eye(scale=2.0)
    found = features(tmp_path, bright, split(5), part="test")
    assert bright.encoded == 5
    assert found.pooled == pytest.approx(2 * expected(5) / 3, abs=1e-6)


def files(folder: Path, levels: list[int]) -> Split:
    """Images on disk, named alike in every folder."""
    folder.mkdir()
    paths = [folder / f"{i}.png" for i in range(len(levels))]
    for path, level in zip(paths, levels, strict=True):
        Image.new("RGB", (SIDE, SIDE), (level, level, level)).save(path)
    return Split(tuple(path.name for path in paths), np.ones((len(levels), 1), np.int8), ImageFiles(paths))


def test_two_folders_with_equal_names_but_other_images_do_not_share_features(tmp_path):
    features(tmp_path, Eye(), files(tmp_path / "a", [10, 20, 30]))
    copy, other = Eye(), Eye()
    features(tmp_path, copy, files(tmp_path / "a copy elsewhere", [10, 20, 30]))
    found = features(tmp_path, other, files(tmp_path / "b", [10, 20, 31]))
    assert (copy.encoded, other.encoded) == (0, 3)
    assert found.pooled[2] == pytest.approx(31 / 255 / 3, abs=1e-6)


def test_files_keep_their_features_under_other_labels_and_class_names(tmp_path):
    images = files(tmp_path / "a", [10, 20])
    renamed = dataclasses.replace(DATASET, options={"names": "clean"}, fingerprint="other names")
    one, other = (feature_key("train", images, dataset, COMPONENT, {"size": SIDE}) for dataset in (DATASET, renamed))
    assert one == other


def test_the_content_digest_sees_every_size_and_the_bytes_of_a_sample(tmp_path):
    paths = [tmp_path / f"{i:03d}" for i in range(200)]
    for path in paths:
        path.write_bytes(b"12345")
    before = content_digest(paths)
    assert content_digest(list(paths)) == before
    for row, content, seen in [
        (101, b"123456", True),
        (0, b"12346", True),
        (199, b"12346", True),
        (101, b"12346", False),
    ]:
        paths[row].write_bytes(content)
        assert (content_digest(paths) != before) == seen, (row, content)
        paths[row].write_bytes(b"12345")
    paths[7].unlink()
    assert content_digest(paths) != before
    assert content_digest(None) is None


def test_a_missing_image_is_named_by_the_encoding(tmp_path):
    images = files(tmp_path / "a", [10, 20, 30])
    images.images.paths[1].unlink()
    with pytest.raises(DataError, match=r"1\.png is missing"):
        features(tmp_path, Eye(), images)


def test_prepared_images_are_encoded_in_order_under_their_own_key(tmp_path):
    def darker(image: Image.Image, index: int) -> Image.Image:
        return image.point(lambda level: level * (index % 2))

    plain = features(tmp_path, Eye())
    eye, again = Eye(), Eye()
    view = features(tmp_path, eye, variant={"view": 0}, prepare=darker)
    assert view.pooled == pytest.approx(plain.pooled * (np.arange(COUNT) % 2)[:, None], abs=1e-6)
    features(tmp_path, again, variant={"view": 0}, prepare=darker)
    assert (eye.encoded, again.encoded) == (COUNT, 0)
    with pytest.raises(ValueError, match="needs a variant"):
        features(tmp_path, Eye(), prepare=darker)


@pytest.mark.parametrize("done", [0, ENCODE_BATCH])
def test_an_interrupted_encoding_never_counts_but_its_chunks_are_kept(tmp_path, done):
    with pytest.raises(KeyboardInterrupt):
        features(tmp_path, Eye(fail_at=done))
    [entry] = entries(tmp_path)
    assert not entry.complete
    assert entry.images_done == done
    again = Eye()
    assert features(tmp_path, again).pooled == pytest.approx(expected() / 3, abs=1e-6)
    assert again.encoded == COUNT - done
    assert verify(entry) == ("sound", [])


@pytest.mark.parametrize("array", ["dense", "pooled"])
@pytest.mark.parametrize("where", ["first chunk", "header", "journal", "behind"])
def test_a_kept_chunk_counts_only_if_it_is_sound(tmp_path, array, where):
    """As after a power cut: what the system had not written yet is encoded again, and the result is the same."""
    whole = features(tmp_path / "whole", Eye(), split(3 * ENCODE_BATCH))
    with pytest.raises(KeyboardInterrupt):
        features(tmp_path, Eye(fail_at=2 * ENCODE_BATCH), split(3 * ENCODE_BATCH))
    [entry] = entries(tmp_path)
    path = entry.folder / f"{array}.npy"
    content = bytearray(path.read_bytes())
    kept = 0
    match where:
        case "first chunk":
            content[entry.shape.arrays(entry.folder)[array].bytes_until(5)] ^= 1
        case "header":
            content[40] ^= 1
        case "journal":
            journal = entry.folder / "chunks.jsonl"
            journal.write_bytes(journal.read_bytes()[:-9])
            kept = 1
        case "behind":
            content += b"half a chunk"
            kept = 2
    path.write_bytes(content)
    again = Eye()
    found = features(tmp_path, again, split(3 * ENCODE_BATCH))
    assert again.encoded == (3 - kept) * ENCODE_BATCH
    assert np.array_equal(found.dense, whole.dense)
    assert np.array_equal(found.pooled, whole.pooled)
    assert verify(entry) == ("sound", [])


@pytest.mark.parametrize("lost", [0, 5])
def test_arrays_without_the_marker_never_count(tmp_path, lost):
    """Killed between the last array and the marker; then with the end of the last chunk lost, too."""
    features(tmp_path, Eye())
    [entry] = entries(tmp_path)
    (entry.folder / "features.json").unlink()
    with (entry.folder / "pooled.npy").open("r+b") as file:
        file.truncate(file.seek(0, 2) - lost)
    again = Eye()
    assert features(tmp_path, again).pooled == pytest.approx(expected() / 3, abs=1e-6)
    assert again.encoded == (COUNT - ENCODE_BATCH if lost else 0)
    assert verify(entry) == ("sound", [])


@pytest.mark.parametrize("scale", [1e6, float("nan")])
def test_what_half_precision_cannot_hold_is_refused(tmp_path, scale):
    with pytest.raises(DataError, match="overflow half precision"):
        features(tmp_path, Eye(scale=scale))
    assert not list(tmp_path.rglob("features.json"))


@pytest.mark.parametrize("damage", ["truncated", "empty", "missing", "other length", "description", "marker"])
def test_a_damaged_cache_gives_one_sentence(tmp_path, damage):
    features(tmp_path, Eye())
    [dense] = tmp_path.rglob("dense.npy")
    match damage:
        case "truncated":
            dense.write_bytes(dense.read_bytes()[:-10])
        case "empty":
            dense.write_bytes(b"")
        case "missing":
            dense.unlink()
        case "other length":
            np.save(dense, np.zeros((3, 4, 3), np.float16))
        case "description":
            (dense.parent / "about.json").write_text("{")
        case "marker":
            (dense.parent / "features.json").write_text("{")
    with pytest.raises(DataError) as caught:
        features(tmp_path, Eye())
    assert f"remove it with `bench cache rm {dense.parent.name}`" in str(caught.value)
    assert str(dense.parent) in str(caught.value)
    assert "\n" not in str(caught.value)
    remove(Entry(dense.parent))
    again = Eye()
    features(tmp_path, again)
    assert again.encoded == COUNT


@pytest.mark.parametrize("array", ["dense", "pooled"])
@pytest.mark.parametrize("place", [8, 200, -1])
def test_verify_finds_any_flipped_byte(tmp_path, array, place):
    features(tmp_path, Eye())
    [entry] = entries(tmp_path)
    assert verify(entry) == ("sound", [])
    path = entry.folder / f"{array}.npy"
    content = bytearray(path.read_bytes())
    content[place] ^= 0x10
    path.write_bytes(content)
    verdict, [problem] = verify(entry)
    assert verdict == "damaged"
    assert array in problem
    if place == -1:
        assert f"images {ENCODE_BATCH} to {COUNT - 1}" in problem


def test_images_are_read_at_most_two_batches_ahead(tmp_path):
    """However slow the encoder is: what waits for it stays bounded, and so does memory."""
    waiting = []

    class Slow(Eye):
        read = 0

        def preprocess(self, image: Image.Image) -> torch.Tensor:
            self.read += 1
            return super().preprocess(image)

        def encode_images(self, images: torch.Tensor) -> ImageFeatures:
            time.sleep(0.05)
            waiting.append(self.read - self.encoded)
            return super().encode_images(images)

    features(tmp_path, Slow(), split(5 * ENCODE_BATCH))
    assert max(waiting) <= 2 * ENCODE_BATCH
    assert max(waiting) > ENCODE_BATCH  # but they are read while the encoder works


def test_a_cache_that_may_only_be_read_is_read(tmp_path, monkeypatch):
    features(tmp_path, Eye())

    def refused(path, flags, mode=0o777):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("bench.features.locks.os.open", refused)
    eye = Eye()
    assert features(tmp_path, eye).pooled == pytest.approx(expected() / 3, abs=1e-6)
    assert eye.encoded == 0
    with pytest.raises(DataError, match=r"cannot be written \(Permission denied\)"):
        features(tmp_path, Eye(), part="test")


def test_a_cache_that_is_no_folder_gives_one_sentence(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(DataError, match=r"file cannot be written .* --cache"):
        features(tmp_path / "file", Eye())


def test_features_in_use_are_not_removed(tmp_path):
    found = features(tmp_path, Eye())
    [entry] = entries(tmp_path)
    with pytest.raises(UsageError, match="in use"):
        remove(entry)
    assert verify(entry) == ("sound", [])
    del found
    remove(entry)
    assert not entries(tmp_path)


def test_a_disk_with_too_little_room_is_refused_before_the_first_image(tmp_path, monkeypatch):
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage._replace(free=2**26))
    eye = Eye()
    with pytest.raises(DataError, match=r"need 0\.0 MiB more, but 64\.0 MiB are free .*--cache") as caught:
        features(tmp_path, eye)
    assert "\n" not in str(caught.value)
    assert eye.encoded == 0


def test_a_disk_that_fills_up_keeps_what_was_encoded(tmp_path, monkeypatch):
    monkeypatch.setattr("bench.features.writer.UNSYNCED_BYTES", 0)
    written = []

    def full(descriptor: int) -> None:
        written.append(descriptor)
        if len(written) > 5:  # two descriptions, then dense, pooled and journal of the first chunk
            raise OSError(28, "No space left on device")

    monkeypatch.setattr("bench.features.writer.os.fsync", full)
    with pytest.raises(DataError, match=r"is full; make room and run again"):
        features(tmp_path, Eye())
    monkeypatch.undo()
    again = Eye()
    assert features(tmp_path, again).pooled == pytest.approx(expected() / 3, abs=1e-6)
    assert again.encoded == COUNT - ENCODE_BATCH


def test_sizes_are_known_before_anything_is_encoded(tmp_path):
    """COCO's 123,287 images by RN101 at 448 pixels: 14 x 14 tokens of 512 dims."""
    features(tmp_path, Eye())
    [entry] = entries(tmp_path)
    arrays = sum((entry.folder / f"{name}.npy").stat().st_size for name in ("dense", "pooled"))
    assert entry.shape.bytes == arrays
    assert Shape(123_287, 196, 512, 64).bytes == 123_287 * (196 * 512 * 2 + 512 * 4) + 256


def test_an_empty_split_is_refused(tmp_path):
    with pytest.raises(DataError, match="holds no image"):
        features(tmp_path, Eye(), split(0))


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
        self.seen = pooled.dtype
        return ImageFeatures(pooled[:, None], pooled)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_matrices_are_multiplied_in_the_dtype_and_stored_in_ours(dtype):
    images, product = torch.randn(3, 3, 4, 4, generator=torch.Generator().manual_seed(0)), Product()
    dense, pooled = encode_batch(product, images, dtype)
    assert product.seen == dtype
    assert (dense.dtype, pooled.dtype) == (np.float16, np.float32)
    exact = images.flatten(1) @ Product.weight
    assert np.array_equal(pooled, exact) == (dtype == torch.float32)
    assert pooled == pytest.approx(exact.numpy(), abs=0.1)


def test_precision_has_its_own_features(tmp_path):
    features(tmp_path, Eye())
    other = Eye()
    features(tmp_path, other, precision="bfloat16")
    assert other.encoded == COUNT
