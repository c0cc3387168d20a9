"""Image files become RGB images whole, or not at all."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFile

from bench.data.images import ImageFiles, decode
from bench.errors import DataError

REAL = Path(__file__).resolve().parents[2] / ".." / "shared" / "data" / "coco256" / "train2014"


def jpeg(progressive: bool = False) -> bytes:
    pixels = np.random.default_rng(0).integers(0, 255, (40, 60, 3), dtype=np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", progressive=progressive)
    return file.getvalue()


@pytest.mark.parametrize("mode", ["L", "P", "RGBA", "CMYK", "1", "LA"])
def test_every_mode_becomes_rgb(mode, tmp_path):
    path = tmp_path / ("image.jpg" if mode in ("L", "CMYK") else "image.png")
    Image.new("RGB", (5, 4), (200, 100, 50)).convert(mode).save(path)
    assert (ImageFiles([path])[0].mode, ImageFiles([path])[0].size) == ("RGB", (5, 4))


def test_a_slice_is_opened_when_asked_for(tmp_path):
    files = ImageFiles([tmp_path / "a.jpg", tmp_path / "b.jpg", tmp_path / "c.jpg"])
    assert files[1:].paths == [tmp_path / "b.jpg", tmp_path / "c.jpg"]
    assert len(files[1:]) == 2


@pytest.mark.parametrize("allowed", [False, True], ids=["as PIL comes", "another library allows truncated images"])
@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize("kept", [0.02, 0.5, 0.98])
def test_a_cut_off_image_is_refused(kept, progressive, allowed, monkeypatch):
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", allowed)
    whole = jpeg(progressive)
    assert decode(whole).size == (60, 40)
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", allowed)
    with pytest.raises(OSError, match=r".+"):
        decode(whole[: int(kept * len(whole))])


@pytest.mark.parametrize("progressive", [False, True])
def test_a_file_that_was_given_its_size_but_not_its_content_is_refused(progressive):
    whole = jpeg(progressive)
    for kept in (0.5, 0.9, 0.98):
        cut = int(kept * len(whole))
        with pytest.raises(OSError, match=r".+"):
            decode(whole[:cut] + bytes(len(whole) - cut + 4096))


def test_zeros_behind_a_whole_image_do_no_harm():
    assert np.array_equal(np.asarray(decode(jpeg() + bytes(4096))), np.asarray(decode(jpeg())))


BROKEN = {
    "empty": (b"", "it is empty"),
    "text": (b"<html>not found</html>", "it is no image"),
    "zeros": (bytes(999), "no"),
}


@pytest.mark.parametrize(("content", "words"), BROKEN.values(), ids=BROKEN)
def test_what_is_no_image_gives_one_sentence(content, words, tmp_path):
    path = tmp_path / "image.jpg"
    path.write_bytes(content)
    with pytest.raises(DataError, match=f"image.jpg cannot be read .*{words}.*; fetch that file again") as caught:
        ImageFiles([path])[0]
    assert "\n" not in str(caught.value)


@pytest.mark.skipif(not REAL.is_dir(), reason="the real photos are not beside this checkout (../shared/data/coco256)")
def test_no_real_photo_loses_pixels_unnoticed():
    """Whatever is cut off, with zeros in its place or not: the same pixels come out, or an error."""
    for path in sorted(REAL.glob("*.jpg"))[:8]:
        content = path.read_bytes()
        whole = np.asarray(decode(content))
        for cut in (1, 2, 3, 20, 1000, len(content) // 2):
            for tail in (b"", bytes(4096)):
                try:
                    assert np.array_equal(np.asarray(decode(content[:-cut] + tail)), whole)
                except OSError:
                    continue
