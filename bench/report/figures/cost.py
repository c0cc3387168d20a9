"""Cost of a point of mAP: training time, trained parameters, memory."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from bench.report.figures.legends import despine, figure_legend
from bench.report.figures.palette import Styles
from bench.report.figures.style import PAGE, draw
from bench.report.results import Results
from bench.report.tables.spread import mean_over_ratios

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def cost_columns(frame: "pd.DataFrame") -> dict[str, str]:
    """The costs that the cells tell of, with their axis titles; the GPU's memory where one was used."""
    memory = "memory_gpu" if "memory_gpu" in frame.columns and frame["memory_gpu"].notna().any() else "memory_process"
    names = {
        "time_train": "training a cell (s)",
        "trainable_parameters": "trained parameters",
        memory: "peak memory (MiB)",
    }
    return {column: name for column, name in names.items() if column in frame.columns}


def cost_figure(results: Results) -> Mapping[str, bytes]:
    """Average mAP over ratios against each cost, for the methods that train and have every ratio; {} if none does."""
    averages = mean_over_ratios(results.frame, "mAP", results.percents)
    cells = results.frame[results.frame["role"] != "untrained"].drop_duplicates("key")
    costs = cells.groupby("method")[list(cost_columns(cells))].mean()
    levels = {method: averages[method].mean for method in results.methods if method in averages}
    shown = [method for method in levels if method in costs.index]
    level = "average mAP (%)" if len(results.percents) > 1 else "mAP (%)"
    return draw(_scatter, shown, levels, costs, cost_columns(cells), level, results.styles) if shown else {}


def _scatter(
    figure: "Figure", methods: list[str], levels: Mapping[str, float], costs: "pd.DataFrame",
    columns: Mapping[str, str], level: str, styles: Styles,
) -> None:  # fmt: skip
    per_row = 6
    figure.set_size_inches(PAGE, 2.1 + 0.17 * -(-len(methods) // per_row))
    panels = figure.subplots(1, len(columns), sharey=True, squeeze=False)[0]
    for panel, (column, name) in zip(panels, columns.items(), strict=True):
        values = costs.loc[methods, column].astype(float)
        for method, cost in zip(methods, values.tolist(), strict=True):
            colour, marker, _ = styles[method]
            panel.plot(
                cost, levels[method], marker, color=colour, markersize=5, label=method,
                linestyle="", markeredgecolor="white", markeredgewidth=0.5,
            )  # fmt: skip
        panel.set(xlabel=name)
        if values.min() > 0 and values.max() > 5 * values.min():
            _logarithmic(panel)
        despine(panel)
    panels[0].set_ylabel(level)
    figure_legend(figure, panels, per_row)


def _logarithmic(panel: "Axes") -> None:
    """Plain numbers at 1, 2 and 5 of each decade, or at the decades alone where there are several."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

    panel.set_xscale("log")
    low, high = panel.get_xlim()
    panel.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if high < 30 * low else (1,)))
    panel.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.10g}"))
    panel.xaxis.set_minor_locator(NullLocator())
