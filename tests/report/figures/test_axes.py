"""The report's figures on axes of one's own."""

import pytest
from matplotlib.figure import Figure

from bench.report import curves, read_results
from bench.report.figures.curves import draw_ratios
from bench.report.figures.gains import draw_gains
from bench.report.figures.learning import draw_learning
from bench.report.sections.gains import against_baseline


@pytest.fixture
def axes():
    """The second of two panels."""
    return Figure().subplots(1, 2)[1]


def labels(axes) -> list[str]:
    return [text.get_text() for text in axes.get_legend().get_texts()]


def test_ratios_are_drawn_where_one_wants_them(axes, finished):
    results = read_results(finished[0])
    draw_ratios(axes, results)
    assert labels(axes) == ["trm_ml", "dualcoop", "clip_zero_shot (no training)", "oracle (all labels)"]
    line = next(line for line in axes.lines if line.get_label() == "trm_ml")
    means = results.frame[results.frame["method"] == "trm_ml"].groupby("percent")["mAP"].mean()
    assert list(line.get_xdata()) == [10, 50, 90]
    assert list(line.get_ydata()) == pytest.approx(means.tolist())
    assert line.get_color() == results.styles["trm_ml"].colour
    assert not axes.figure.axes[0].lines
    assert not axes.figure.legends


def test_one_ratio_needs_no_legend(axes, finished):
    draw_ratios(axes, read_results(finished[0], percents=[50]))
    assert axes.get_legend() is None
    assert [text.get_text() for text in axes.get_yticklabels()][:2] == ["trm_ml", "dualcoop"]


def test_learning_curves_of_one_ratio(axes, finished):
    results = read_results(finished[0])
    epochs = curves(results, finished[0])
    draw_learning(axes, results, epochs, 90)
    drawn = next(line for line in axes.lines if line.get_label() == "dualcoop")
    mine = epochs[(epochs["method"] == "dualcoop") & (epochs["percent"] == 90)]
    assert list(drawn.get_ydata()) == pytest.approx(mine.groupby("epoch")["mAP"].mean().tolist())
    assert axes.get_title() == "90 % known"


def test_gains_over_the_baseline(axes, finished):
    results = read_results(finished[0])
    draw_gains(axes, against_baseline(results), results.percents, results.baseline)
    assert "trm_ml" in labels(axes)
    assert "dualcoop" not in labels(axes)
    assert axes.get_ylabel() == "mAP − dualcoop's (points)"
