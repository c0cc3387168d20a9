"""Reliability diagrams: what share of the pairs that a method gives some probability really are positive."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from bench.report.calibration import Reliability
from bench.report.figures.legends import despine, figure_legend
from bench.report.figures.palette import Styles
from bench.report.figures.style import COLUMN, draw
from bench.stats.paired import Percent

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FEWEST_PAIRS = 20
"""Bins with fewer (image, class) pairs tell of chance."""


def reliability_figure(
    by_ratio: Sequence[tuple[Percent, Mapping[str, Reliability]]], styles: Styles
) -> Mapping[str, bytes]:
    """A panel a ratio: true share of positives over mean sigmoid(score), a line a method."""
    return draw(_diagrams, by_ratio, styles)


def _diagrams(figure: "Figure", by_ratio: Sequence[tuple[Percent, Mapping[str, Reliability]]], styles: Styles) -> None:
    methods = list(dict.fromkeys(method for _, reliabilities in by_ratio for method in reliabilities))
    per_row = 3
    figure.set_size_inches(COLUMN, (1.95 if len(by_ratio) > 1 else 2.9) + 0.17 * -(-len(methods) // per_row))
    panels = figure.subplots(1, len(by_ratio), sharex=True, sharey=True, squeeze=False)[0]
    for panel, (percent, reliabilities) in zip(panels, by_ratio, strict=True):
        panel.plot([0, 1], [0, 1], color="0.6", linewidth=0.8, linestyle=":")
        for method, reliability in reliabilities.items():
            enough = reliability.pairs[reliability.pairs > 0] >= FEWEST_PAIRS
            claimed, present = (values[enough] for values in reliability.curve())
            colour, marker, dash = styles[method]
            panel.plot(
                claimed, present, marker=marker, color=colour, linestyle=dash, label=method, linewidth=1.0,
                markersize=3.2, markeredgecolor="white", markeredgewidth=0.4,
            )  # fmt: skip
        panel.set(title="" if percent is None else f"{percent} % known", xlim=(0, 1), ylim=(0, 1), aspect="equal")
        panel.set(xticks=[0, 0.5, 1], yticks=[0, 0.5, 1], xticklabels=["0", "0.5", "1"], xlabel="sigmoid(score)")
        despine(panel)
    panels[0].set_ylabel("share of positives")
    figure_legend(figure, panels, per_row)
