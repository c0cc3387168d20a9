"""The figure: a row for each image, the image itself first, then a heat map over it for each of its classes."""

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from PIL import Image
from torch.nn import functional as F

from bench.attention.images import Mark
from bench.data.base import Box
from bench.report.figures.palette import HEAT, MARKS
from bench.report.figures.style import PAGE, draw

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

CLASS_LIMIT = 6
SIDE = 256
"""Pixels of the longer side of what is drawn: small files, and more than a figure of seven columns can show."""

LEAST_TOP = 3.0
"""A colour scale ends at the map's peak, but not below this many times the weight that all positions would share."""


@dataclass(frozen=True)
class ClassMap:
    """One class on one image. weights: (H, W), of sum 1. boxes: those of the class, if they are known."""

    name: str
    score: float
    mark: Mark
    weights: np.ndarray
    boxes: tuple[Box, ...] = ()

    @property
    def peak(self) -> float:
        """The largest weight, as a multiple of the mean weight."""
        return float(self.weights.max() * self.weights.size)


@dataclass(frozen=True)
class ImageRow:
    """An image with the classes that are shown of it; more: how many classes had no room.

    label: whose maps these are, where the figure shows several cells; colour: of their method.
    """

    id: str
    image: Image.Image
    looks: tuple[ClassMap, ...]
    more: int = 0
    label: str = ""
    colour: str = "0.2"


def heat(weights: np.ndarray, width: int, height: int) -> np.ndarray:
    """The map (H, W) at the image's size, (height, width), bicubic, with negative values cut to 0.

    Images are squashed to a square before they are encoded, so the grid lies over the whole image, edge to edge.
    """
    grid = torch.from_numpy(np.array(weights, np.float32))[None, None]
    return F.interpolate(grid, size=(height, width), mode="bicubic", align_corners=False)[0, 0].clamp(min=0).numpy()


def attention_figure(lines: Sequence[ImageRow], title: str, caption: str) -> Mapping[str, bytes]:
    """The figure by file suffix."""
    return draw(_paint, lines, title, caption)


def _paint(figure: "Figure", lines: Sequence[ImageRow], title: str, caption: str) -> None:
    columns = 1 + max(len(line.looks) for line in lines)
    width = min(PAGE, max(PAGE / 2, 1.15 * columns))
    cell = width / columns
    tall = [min(1.6, max(0.6, line.image.height / line.image.width)) * cell + 0.22 for line in lines]
    wrapped = textwrap.fill(caption, round(width * 20))
    figure.set_size_inches(width, sum(tall) + 0.3 + 0.11 * (wrapped.count("\n") + 2))
    figure.set_layout_engine("constrained", w_pad=0.02, h_pad=0.02, wspace=0.02, hspace=0.02)
    figure.suptitle("\n".join(textwrap.wrap(title, round(width * 13))), fontsize=8, fontweight="bold")
    figure.supxlabel(wrapped, fontsize=6.5, x=0.01, ha="left", color="0.25")
    grid = figure.subplots(len(lines), columns, squeeze=False, gridspec_kw={"height_ratios": tall})
    for row, line in zip(grid, lines, strict=True):
        for axes in row:
            axes.set_axis_off()
        small = line.image.copy()
        small.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS)
        pixels = np.asarray(small.convert("RGB"), np.float32) / 255
        row[0].imshow(pixels, interpolation="nearest" if max(small.size) < SIDE / 2 else "antialiased")
        _title(row[0], _short(line.id), f"+{line.more} more classes" if line.more else "", "0.2")
        if line.label:
            label = "\n".join(textwrap.wrap(line.label, 22))
            place = {"transform": row[0].transAxes, "rotation": 90, "ha": "right", "va": "center"}
            row[0].text(-0.04, 0.5, label, fontsize=6.5, color=line.colour, **place)
        for axes, look in zip(row[1:], line.looks, strict=False):
            _overlay(axes, pixels, look)


def _overlay(axes: "Axes", pixels: np.ndarray, look: ClassMap) -> None:
    import matplotlib as mpl

    height, width = pixels.shape[:2]
    axes.imshow(pixels.mean(axis=2, keepdims=True).repeat(3, axis=2) * 0.6 + 0.2)
    top = max(look.peak, LEAST_TOP) / look.weights.size
    values = np.clip(heat(look.weights, width, height) / top, 0, 1)
    colours = mpl.colormaps[HEAT](values)
    colours[..., 3] = 0.15 + 0.65 * values
    axes.imshow(colours)
    for box in look.boxes:
        left, upper, wide, high = _pixels(box, width, height)
        for colour, line in (("black", 1.6), ("white", 0.8)):
            axes.add_patch(mpl.patches.Rectangle((left, upper), wide, high, fill=False, edgecolor=colour, lw=line))
    row, column = np.unravel_index(int(look.weights.argmax()), look.weights.shape)
    rows, columns = look.weights.shape
    place = ((column + 0.5) / columns * width - 0.5, (row + 0.5) / rows * height - 0.5)
    for colour, size, line in (("black", 5, 2.0), ("white", 4, 1.0)):
        axes.plot(*place, "+", color=colour, markersize=size, markeredgewidth=line)
    axes.set_xlim(-0.5, width - 0.5)
    axes.set_ylim(height - 0.5, -0.5)
    score = f"{look.score:z.1f}".replace("-", "−")
    _title(axes, f"{look.name}  {score}", f"{look.mark}, {look.peak:.1f}×", MARKS[look.mark])


def _pixels(box: Box, width: int, height: int) -> tuple[float, float, float, float]:
    """Left, top, width and height in pixels; the centre of the first pixel is at 0."""
    return (
        box.left * width - 0.5,
        box.top * height - 0.5,
        (box.right - box.left) * width,
        (box.bottom - box.top) * height,
    )


def _title(axes: "Axes", upper: str, lower: str, colour: str) -> None:
    axes.set_title(f"{upper}\n{lower}", fontsize=5.5, color=colour, pad=1.5, linespacing=1.1)


def _short(name: str, limit: int = 20) -> str:
    """The end of an image's id, which distinguishes it from the others."""
    return name if len(name) <= limit else "..." + name[-limit:]
