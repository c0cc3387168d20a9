"""Pixels of image files: those that Pillow gives, whatever decodes them."""

import io
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from bench.data import decode as decoding
from bench.data.decode import is_ordinary_jpeg, jpeg_pixels
from bench.data.images import decode

PHOTOS = sorted((Path(__file__).resolve().parents[2] / ".." / "shared" / "data" / "coco256").rglob("*.jpg"))
RED, SIZE = (200, 60, 20), (48, 32)


def photo(mode: str = "RGB", size: tuple[int, int] = SIZE) -> Image.Image:
    """A smooth picture that is bluer to the right and redder to the top, so that every mix-up shows."""
    x, y = np.meshgrid(np.linspace(0, 255, size[0]), np.linspace(255, 0, size[1]))
    return Image.fromarray(np.stack([y, 0.5 * (x + y), x], axis=2).astype(np.uint8)).convert(mode)


def saved(image: Image.Image, kind: str, **options) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def by_pillow(content: bytes) -> np.ndarray:
    with Image.open(io.BytesIO(content)) as image:
        return np.asarray(image.convert("RGB"))


@pytest.mark.parametrize(
    "options",
    [{}, {"progressive": True}, {"subsampling": 0}, {"subsampling": 1}, {"quality": 10}, {"keep_rgb": True}],
    ids=str,
)
@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_the_fast_decoder_gives_pillows_pixels(mode, options):
    content = saved(photo(mode, (61, 43)), "JPEG", **options)
    assert np.array_equal(jpeg_pixels(content), by_pillow(content))


@pytest.mark.skipif(not PHOTOS, reason="the 256 photographs are not on this machine")
def test_of_real_photographs_too():
    for path in PHOTOS[::8]:
        content = path.read_bytes()
        assert np.array_equal(jpeg_pixels(content), by_pillow(content)), path.name


@pytest.mark.parametrize(
    ("mode", "kind"), [("L", "JPEG"), ("CMYK", "JPEG"), ("P", "PNG"), ("RGBA", "PNG"), ("L", "PNG")]
)
def test_every_colour_space_becomes_the_colours_that_were_meant(mode, kind):
    decoded = np.asarray(decode(saved(photo(mode), kind)), np.int16)
    meant = np.asarray(photo(mode).convert("RGB"), np.int16)
    assert abs(decoded - meant).mean() < 4
    if mode != "L":
        assert decoded[0, 0, 0] > 200 > decoded[0, 0, 2]  # red at the left top, not blue


def test_an_adobe_cmyk_photograph_is_not_inverted():
    """Adobe writes CMYK upside down and says so in a marker; libraries that miss it give a negative."""
    decoded = np.asarray(decode(saved(Image.new("RGB", SIZE, RED).convert("CMYK"), "JPEG")))
    assert not is_ordinary_jpeg(saved(Image.new("CMYK", SIZE), "JPEG"))
    assert abs(decoded.astype(int) - RED).max() < 8


def test_sixteen_bits_are_scaled_not_cut_off():
    grey = np.linspace(0, 65535, 64).astype(np.uint16).reshape(4, 16)
    decoded = np.asarray(decode(saved(Image.fromarray(grey), "PNG")))
    assert np.array_equal(decoded, np.repeat((grey >> 8)[..., None], 3, axis=2))


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_a_transparent_or_rotated_copy_has_the_same_pixels(kind):
    """Neither EXIF rotation nor transparency is applied, by no decoder: as the papers' loaders."""
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by a quarter for show
    turned = decode(saved(photo(), kind, exif=exif))
    assert turned.size == SIZE
    assert np.array_equal(turned, decode(saved(photo(), kind)))
    hidden = photo()
    hidden.putalpha(0)
    assert np.array_equal(decode(saved(hidden, "PNG")), photo())


def test_a_palette_with_transparency_is_read_without_a_warning(recwarn):
    content = saved(photo("P"), "PNG", transparency=bytes(256))
    assert np.array_equal(decode(content), photo("P").convert("RGB"))
    assert not recwarn.list


@settings(max_examples=60)
@given(flips=st.lists(st.tuples(st.integers(2, 10**6), st.integers(0, 255)), min_size=1, max_size=4))
def test_damage_is_judged_as_pillow_judges_it(flips):
    """What Pillow refuses is refused; what it lets pass gives its pixels."""
    content = bytearray(saved(photo(size=(96, 80)), "JPEG", quality=90))
    for place, value in flips:
        content[place % (len(content) - 4) + 2] = value
    damaged = bytes(content)
    try:
        expected = by_pillow(damaged)
    except Exception:  # Pillow raises nearly anything
        assert jpeg_pixels(damaged) is None
        return
    assert np.array_equal(decode(damaged), expected)


def test_without_libjpeg_in_torchvision_pillow_decodes_everything(monkeypatch):
    content = saved(photo(), "JPEG")
    monkeypatch.setattr(decoding, "_decoder", lambda: lambda content: None)
    assert jpeg_pixels(content) is None
    assert np.array_equal(decode(content), by_pillow(content))
