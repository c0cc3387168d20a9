"""Figures without global state: fonts and lines of a paper's column, drawn by Agg, returned as bytes."""

import io
from collections.abc import Callable, Mapping

COLUMN = 3.5
"""Inches: a column of the usual conferences."""

SUFFIXES = ("png", "svg")


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
        "svg.hashsalt": "bench",
        "svg.fonttype": "none",
    }
    with mpl.rc_context(style):
        figure = Figure(layout="constrained")
        FigureCanvasAgg(figure)
        paint(figure, *arguments)
        images = {}
        for suffix in SUFFIXES:
            buffer = io.BytesIO()
            figure.savefig(buffer, format=suffix, dpi=200, metadata={"Date": None} if suffix == "svg" else None)
            images[suffix] = buffer.getvalue()
    return images
