"""Lines of methods in a figure: over ratios or epochs, and levels that depend on neither."""

from typing import TYPE_CHECKING

from bench.report.figures.palette import MethodStyle

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes


def each_cell_once(frame: "pd.DataFrame", *also: str) -> "pd.DataFrame":
    """Each cell once a ratio: a cell that stands for several seeds must not narrow the band."""
    return frame.drop_duplicates(["method", "percent", "key", *also])


def draw_line(
    axes: "Axes", frame: "pd.DataFrame", x: str, method: str, style: MethodStyle, *, markers: int, width: float
) -> None:
    """The mean over cells with a band of one standard deviation, and about so many markers."""
    colour, shape, dash = style
    by_place = frame.groupby(x)["mAP"].agg(["mean", "std"])
    places = by_place.index.to_numpy(float)
    every = max(1, round(len(places) / markers))
    if by_place["std"].notna().any():
        low, high = by_place["mean"] - by_place["std"], by_place["mean"] + by_place["std"]
        axes.fill_between(places, low, high, color=colour, alpha=0.2, linewidth=0)
    axes.plot(
        places, by_place["mean"], color=colour, label=method, linewidth=width, linestyle=dash, marker=shape,
        markersize=3.2 * width, markevery=every, markeredgecolor="white", markeredgewidth=0.5,
    )  # fmt: skip


def draw_level(axes: "Axes", frame: "pd.DataFrame", label: str, colour: str) -> None:
    """A method that does not depend on the x axis: a dashed line, with one standard deviation over seeds as a band."""
    values = frame["mAP"]
    axes.axhline(values.mean(), color=colour, linestyle="--", linewidth=1.1, label=label)
    if len(values) > 1:
        axes.axhspan(values.mean() - values.std(), values.mean() + values.std(), color=colour, alpha=0.15, linewidth=0)
