"""Facts about images: sizes, how files store colours, and hashes that survive what is done to copies."""

import io
from pathlib import Path

import numpy as np
import pytest
from helpers.drawn_photos import COPIED, drawn_photo
from PIL import Image

from bench.data.examined import look_into
from bench.data.image_facts import BITS, STORED, ImageFacts, image_facts, perceptual_hashes
from bench.data.image_facts_arrays import facts_as_arrays, facts_of_arrays
from bench.data.near_duplicates import MOST_BITS, near_duplicates

EQUAL = drawn_photo(0).convert("L").convert("RGB")
FILES = {
    "colour": (drawn_photo(0), "JPEG"),
    "grey": (EQUAL.convert("L"), "JPEG"),
    "equal": (EQUAL, "PNG"),
    "palette": (drawn_photo(0).convert("P"), "PNG"),
    "alpha": (drawn_photo(0).convert("RGBA"), "PNG"),
    "cmyk": (drawn_photo(0).convert("CMYK"), "JPEG"),
}


def facts_of(image: Image.Image, kind: str, **options) -> ImageFacts:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return look_into(Path("x"), file.getvalue())[1]


@pytest.mark.parametrize("stored", STORED)
def test_how_a_file_stores_colours_is_known(stored):
    facts = facts_of(*FILES[stored])
    assert facts[:3] == (160, 120, stored)
    assert facts.squash == pytest.approx(4 / 3)


def test_a_palette_with_a_clear_colour_is_transparent_and_sixteen_bits_are_grey():
    assert facts_of(FILES["palette"][0], "PNG", transparency=0).stored == "alpha"
    assert facts_of(Image.fromarray(np.asarray(EQUAL)[..., 0].astype(np.uint16) * 256), "PNG").stored == "grey"


def test_one_coloured_pixel_makes_an_image_coloured():
    pixels = np.array(EQUAL)
    pixels[7, 3, 2] ^= 1
    assert facts_of(Image.fromarray(pixels), "PNG").stored == "colour"


@pytest.mark.parametrize("change", COPIED)
@pytest.mark.parametrize("changed_first", [False, True])
def test_a_changed_copy_is_found_among_others(change, changed_first):
    images = [drawn_photo(seed) for seed in range(12)]
    images += [COPIED[change](images[5])]
    hashes = [perceptual_hashes(image) for image in (reversed(images) if changed_first else images)]
    pairs = near_duplicates(hashes, lambda *_: None)
    assert [(one.first, one.second) for one in pairs] == [(0, 7) if changed_first else (5, 12)]
    assert pairs[0].bits <= MOST_BITS < BITS // 4


@pytest.mark.parametrize("tone", [0, 77, 255])
def test_an_even_tone_has_no_hashes(tone):
    image = Image.new("RGB", (50, 40), (tone,) * 3)
    image.putpixel((3, 3), (abs(tone - 20),) * 3)
    assert image_facts(image, "colour") == (50, 40, "equal", None)


def test_facts_are_the_same_out_of_arrays():
    facts = [
        image_facts(drawn_photo(0), "colour"),
        None,
        ImageFacts(2, 1, "grey", None),
        ImageFacts(1, 2, "cmyk", None),
    ]
    assert facts_of_arrays(facts_as_arrays(facts)) == facts
    assert facts_of_arrays(facts_as_arrays([])) == []
    with pytest.raises(ValueError, match="another version's"):
        facts_of_arrays({**facts_as_arrays(facts), "hashes": np.zeros(5, np.uint8)})
