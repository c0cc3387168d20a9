"""Figures without global state: fonts and lines of a paper's column, drawn by Agg, returned as bytes."""

import io
from collections.abc import Callable, Mapping, Sequence
from typing import Any

COLUMN, PAGE = 3.3, 6.9
"""Inches: a column and the whole width of the usual conferences' pages."""

SUFFIXES = ("pdf", "png", "svg")
DPI = 200
UNDATED = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}
"""A date inside would make equal figures differ."""


def outlying(values: Sequence[float]) -> float:
    """The limit below which a few outliers lie: further from the others than the others spread.

    >>> outlying([12.0, 60.0, 80.0, 82.0, 83.0, 85.0, 86.0, 90.0]), outlying([60.0, 62.0, 64.0, 66.0])
    (80.0, 60.0)
    """
    ranked = sorted(values)
    for cut in range(min(4, len(ranked) // 4), 0, -1):
        if ranked[cut] - ranked[cut - 1] > ranked[-1] - ranked[cut] > 0:
            return ranked[cut]
    return ranked[0]


def draw(paint: Callable[..., None], *arguments: object) -> Mapping[str, bytes]:
    """The figure that `paint(figure, *arguments)` fills, by file suffix; equal input gives equal bytes."""
    import matplotlib as mpl
    import seaborn as sns
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    style = {
        **sns.axes_style("whitegrid"),
        "font.size": 8,
        "axes.labelsize": 8,
        "axes.titlesize": 8,
        "xtick.labelsize": 7,
        "ytick.labelsize": 7,
        "legend.fontsize": 7,
        "grid.linewidth": 0.5,
        "grid.color": "0.9",
        "axes.linewidth": 0.8,
        "axes.edgecolor": "0.6",
        "text.hinting": "none",  # else text is wider at some resolutions than where it was laid out
        "text.parse_math": False,  # names may hold dollars
        "svg.hashsalt": "bench",
        "svg.fonttype": "none",
        "pdf.fonttype": 42,  # publishers refuse the other kind
    }
    with mpl.rc_context(style):
        figure = Figure(layout="constrained", dpi=DPI)
        FigureCanvasAgg(figure)
        paint(figure, *arguments)
        return file_contents(figure)


def file_contents(figure: Any) -> Mapping[str, bytes]:
    """The content of a file of each format."""
    # Laid out once: otherwise each of the files would do it again, at twice the cost of drawing.
    figure.draw_without_rendering()
    figure.set_layout_engine("none")
    images = {}
    for suffix in SUFFIXES:
        buffer = io.BytesIO()
        figure.savefig(buffer, format=suffix, dpi=DPI, metadata=UNDATED.get(suffix))
        images[suffix] = buffer.getvalue()
    return images
