"""The heat map lies where its tokens are, in the figure and through the real transform and encoder."""

import numpy as np
import pytest
import torch
from PIL import Image

from bench.attention.figure import ClassMap, ImageRow, attention_figure, heat
from bench.backbones import BACKBONES
from bench.data.base import Box

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("place", [(0, 0), (2, 5), (6, 1), (6, 6)])
def test_a_hot_token_is_hot_in_its_own_part_of_the_image(place):
    """A 7 x 7 grid over an image of another shape: images are squashed, so the grid reaches from edge to edge."""
    weights = np.zeros((7, 7))
    weights[place] = 1.0
    picture = heat(weights, width=640, height=280)
    assert picture.shape == (280, 640)
    assert (picture >= 0).all()
    y, x = np.unravel_index(picture.argmax(), picture.shape)
    assert (int(y // (280 / 7)), int(x // (640 / 7))) == place
    rows, columns = (np.average(np.arange(n) + 0.5, weights=picture.sum(axis=a)) for n, a in ((280, 1), (640, 0)))
    assert rows == pytest.approx((place[0] + 0.5) * 40, abs=20)
    assert columns == pytest.approx((place[1] + 0.5) * 640 / 7, abs=46)


def test_a_uniform_map_stays_uniform():
    np.testing.assert_allclose(heat(np.full((8, 8), 1 / 64), 100, 60), 1 / 64, rtol=1e-5)


@pytest.mark.parametrize("size", [(64, 64), (192, 64), (64, 256)])
@pytest.mark.parametrize("corner", [(0, 0), (0, 1), (1, 0), (1, 1)])
def test_what_stands_in_a_corner_of_an_image_is_in_that_corner_of_the_grid(size, corner):
    """Through the backbone's own transform: a patch changes the tokens of its own quarter most, whatever the shape."""
    backbone_class = BACKBONES.get("tiny_clip")
    backbone = backbone_class(backbone_class.Options())
    plain = np.full((size[1], size[0], 3), 120, np.uint8)
    marked = plain.copy()
    high, wide = size[1] // 4, size[0] // 4
    y, x = corner[0] * (size[1] - high), corner[1] * (size[0] - wide)
    marked[y : y + high, x : x + wide] = (250, 30, 30)
    images = torch.stack([backbone.preprocess(Image.fromarray(pixels)) for pixels in (plain, marked)])
    dense = backbone.encode_images(images).dense
    changed = (dense[1] - dense[0]).norm(dim=-1).reshape(backbone.grid)
    half = (backbone.grid[0] // 2, backbone.grid[1] // 2)
    quarters = {
        (r, c): changed[r * half[0] : (r + 1) * half[0], c * half[1] : (c + 1) * half[1]].sum()
        for r in (0, 1)
        for c in (0, 1)
    }
    assert max(quarters, key=lambda place: quarters[place]) == corner


def line(**about) -> ImageRow:
    weights = np.zeros((4, 4))
    weights[3, 0] = 1.0
    look = ClassMap("dog", 2.5, "true positive", weights, (Box(0, 0.0, 0.5, 0.5, 1.0),))
    return ImageRow("some/where/000001", Image.new("RGB", (120, 80), (40, 90, 160)), (look, look), **about)


@pytest.mark.usefixtures("drawn")
def test_the_figure_in_all_forms_and_equal_bytes_for_equal_input():
    images = attention_figure([line(), line(more=3)], "a title", "a caption that says what this is")
    assert set(images) == {"svg", "pdf", "png"}
    text = images["svg"].decode()
    for word in ("dog  2.5", "true positive, 16.0×", "+3 more classes", "a title", "a caption"):
        assert word in text
    assert attention_figure([line(), line(more=3)], "a title", "a caption that says what this is") == images


@pytest.mark.usefixtures("drawn")
def test_what_is_hot_in_the_map_is_bright_in_the_figure():
    """The lower left of each map is hot: in the PNG that is where the heat colours are."""
    import io

    png = attention_figure([line()], "t", "c")["png"]
    pixels = np.asarray(Image.open(io.BytesIO(png)).convert("RGB"), float)
    warm = pixels[..., 0] - pixels[..., 2] > 90
    columns = np.flatnonzero(warm.any(axis=0))
    assert len(columns), "nothing is warm"
    assert columns.min() > pixels.shape[1] / 3, "the first column is the image itself"
