"""Unusual image files become the right pixels, or one sentence; what is decided for the user, `bench prepare` tells."""

import io
import os
import shutil
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from helpers.copies import listfile
from helpers.findings import warnings_of
from PIL import Image

from bench.data.check import examine
from bench.data.decode import is_ordinary_jpeg
from bench.data.images import ImageFiles
from bench.errors import DataError

RAMP = np.arange(0, 48, dtype=np.uint8).reshape(6, 8) * 5


def read(path: Path) -> np.ndarray:
    return np.asarray(ImageFiles([path])[0])


def saved(path: Path, pixels: np.ndarray, mode: str | None = None) -> Path:
    (Image.fromarray(pixels) if mode is None else Image.fromarray(pixels).convert(mode)).save(path)
    return path


@pytest.mark.parametrize("kind", ["tif", "png", "pgm"])
def test_sixteen_bits_keep_their_upper_eight(kind, tmp_path):
    path = saved(tmp_path / f"x.{kind}", RAMP.astype(np.uint16) * 256 + 7)
    assert np.array_equal(read(path), np.repeat(RAMP[..., None], 3, axis=2))


@pytest.mark.parametrize("kind", [np.int32, np.float32])
def test_thirty_two_bits_a_channel_are_refused(kind, tmp_path):
    path = saved(tmp_path / "x.tif", RAMP.astype(kind))
    with pytest.raises(DataError, match=r"x.tif cannot be read \(its pixels have 32 bits a channel.*save it with 8 or"):
        read(path)


def test_colours_with_transparency_stay_what_they_are(tmp_path):
    clear = np.dstack([RAMP, 255 - RAMP, RAMP, np.zeros_like(RAMP)])
    assert np.array_equal(read(saved(tmp_path / "x.png", clear)), clear[..., :3])


def test_one_pixel_is_an_image(tmp_path):
    assert read(saved(tmp_path / "x.png", RAMP[:1, :1])).tolist() == [[[0, 0, 0]]]


def huge_png(width: int) -> bytes:
    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", width, width, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


def huge_jpeg(width: int) -> bytes:
    file = io.BytesIO()
    Image.fromarray(RAMP).save(file, "JPEG")
    content = bytearray(file.getvalue())
    place = content.index(b"\xff\xc0")
    content[place + 5 : place + 9] = struct.pack(">HH", width, width)
    return bytes(content)


@pytest.mark.parametrize("content", [huge_png(60_000), huge_jpeg(60_000)], ids=["PNG", "JPEG"])
def test_a_small_file_that_unpacks_to_gigabytes_is_refused(content, tmp_path):
    (tmp_path / "x").write_bytes(content)
    with pytest.raises(DataError, match=r"cannot be read \(Image size \(3600000000 pixels\) exceeds limit"):
        read(tmp_path / "x")


def test_no_library_is_asked_to_decode_such_a_jpeg():
    assert is_ordinary_jpeg(huge_jpeg(13_000))
    assert not is_ordinary_jpeg(huge_jpeg(60_000))


def test_a_link_is_the_file_it_leads_to(tmp_path):
    path = saved(tmp_path / "x.png", RAMP)
    (tmp_path / "link.png").symlink_to(path)
    assert np.array_equal(read(tmp_path / "link.png"), read(path))
    path.unlink()
    with pytest.raises(DataError, match=r"link.png is missing; complete the folder"):
        read(tmp_path / "link.png")


def test_what_is_no_file_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe.jpg")
    (tmp_path / "folder.jpg").mkdir()
    for name in ("pipe.jpg", "folder.jpg"):
        with pytest.raises(DataError, match=f"{name} is missing"):
            read(tmp_path / name)


@pytest.mark.parametrize(("there", "listed"), [("ä.jpg", "a\u0308.jpg"), ("a\u0308.jpg", "ä.jpg"), ("A.JPG", "a.jpg")])
def test_a_name_in_another_form_or_case_is_pointed_at(there, listed, tmp_path):
    saved(tmp_path / there, RAMP)
    with pytest.raises(DataError, match=f"/{listed} is missing; .*/{there} is there: rename it, or list that name"):
        read(tmp_path / listed)


def warnings_after(tmp_path: Path, change) -> list[str]:
    """What `bench prepare` says of the training images once `change` has worked on their folder."""
    (tmp_path / "copy").mkdir()
    copy = listfile(tmp_path / "copy")
    change(copy.root / "images")
    findings = examine(copy.open(tmp_path / "cache"), images=True, progress=lambda *_: None)
    assert findings.fine
    return warnings_of(findings, "images")


def turned(folder: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    with Image.open(folder / "a" / "1.jpg") as image:
        image.save(folder / "a" / "1.jpg", exif=exif)


def test_rotation_by_exif_is_told_and_not_applied(tmp_path):
    (sentence,) = warnings_after(tmp_path, turned)
    assert sentence == "1 image has an EXIF orientation that is not applied, as in the papers' loaders: a/1.jpg."
    assert read(tmp_path / "copy" / "images" / "a" / "1.jpg").shape == (24, 32, 3)


@pytest.mark.parametrize("kind", ["GIF", "WEBP"])
def test_of_several_frames_the_first_is_taken_and_that_is_told(kind, tmp_path):
    def animate(folder: Path) -> None:
        frames = [Image.new("RGB", (8, 6), (level, level, level)) for level in (200, 0)]
        frames[0].save(folder / "a" / "1.jpg", format=kind, save_all=True, append_images=frames[1:])

    (sentence,) = warnings_after(tmp_path, animate)
    assert sentence == "1 image has more than one frame, of which the first is used: a/1.jpg."
    assert abs(int(read(tmp_path / "copy" / "images" / "a" / "1.jpg").mean()) - 200) < 3


def test_a_fault_inside_a_jpeg_is_told(tmp_path):
    pytest.importorskip("simplejpeg", reason="the library that finds faults inside JPEG data is not installed")

    def hurt(folder: Path) -> None:
        file, noise = io.BytesIO(), np.random.default_rng(0).integers(0, 255, (64, 64, 3), dtype=np.uint8)
        Image.fromarray(noise).save(file, "JPEG")
        content = bytearray(file.getvalue())
        content[1500:1600] = bytes(range(1, 101))
        (folder / "a" / "1.jpg").write_bytes(content)

    (sentence,) = warnings_after(tmp_path, hurt)
    assert sentence.startswith("1 image has a fault inside the JPEG data")
    assert sentence.endswith("a/1.jpg.")


def test_names_that_are_one_on_other_systems_and_copies_in_a_list_are_told(tmp_path):
    def double(folder: Path) -> None:
        shutil.copy(folder / "a" / "1.jpg", folder / "A" / "1.jpg") if (folder / "A").mkdir() is None else None
        text = folder.parent / "train.txt"
        text.write_text(text.read_text() + "A/1.jpg,1\n")

    assert warnings_after(tmp_path, double) == [
        "1 image is a copy of another, to the byte: A/1.jpg of a/1.jpg.",
        "1 pair of names differs by upper case or Unicode form alone, one file on some systems: a/1.jpg and A/1.jpg.",
    ]
