"""Settings on axes: where a value stands on a linear or logarithmic axis, or among choices."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from bench.settings.ranges import Choice, Range

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def value_place(range_: Range, value: Any) -> float:
    """A value's place on its axis: itself, or the number of a choice."""
    return float(range_.options.index(value)) if isinstance(range_, Choice) else float(value)


def set_scale(axes: "Axes", range_: Range) -> None:
    from matplotlib.ticker import LogLocator, NullFormatter, NullLocator, StrMethodFormatter

    if isinstance(range_, Choice):
        names = [str(option) for option in range_.options]
        long = len("".join(names)) > 12
        axes.set_xticks(range(len(names)), names, rotation=20 if long else 0, ha="right" if long else "center")
        axes.set_xlim(-0.5, len(names) - 0.5)
    elif range_.log:
        decades = np.log10(range_.high / range_.low)
        axes.set_xscale("log")
        axes.set_xlim(range_.low / 1.15, range_.high * 1.15)
        axes.xaxis.set_minor_formatter(NullFormatter())
        if decades < 1.75:
            axes.xaxis.set_major_locator(LogLocator(subs=(1, 3) if decades > 1.1 else (1, 2, 5)))
            axes.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
            axes.xaxis.set_minor_locator(NullLocator())
    else:
        axes.locator_params(axis="x", nbins=4, integer=range_.whole)


def value_height(range_: Range, value: Any) -> float:
    """Where a value lies between the ends of its range, 0 to 1."""
    if isinstance(range_, Choice):
        return range_.options.index(value) / (len(range_.options) - 1)
    scale: Callable[[float], float] = np.log if range_.log else float
    return float((scale(value) - scale(range_.low)) / (scale(range_.high) - scale(range_.low)))


def value_labels(range_: Range) -> list[tuple[float, str]]:
    if isinstance(range_, Choice):
        return [(value_height(range_, option), str(option)) for option in range_.options]
    return [(0.0, f"{range_.low:g}"), (1.0, f"{range_.high:g}")]
