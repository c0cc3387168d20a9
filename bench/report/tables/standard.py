"""Common parts of the tables of methods: the headline, a column's name, a number, ranks."""

import math
from collections.abc import Mapping

from bench.report.results import Results
from bench.report.tables.flags import roles_of
from bench.report.tables.spread import Spread
from bench.report.tables.table import Style, ranked

HEADLINE = "mAP in percent of the last epoch (scikit-learn's average precision, mean over classes)"


def percent_label(percent: int | None) -> str:
    """A column's name.

    >>> percent_label(10), percent_label(None)
    ('10 %', 'mAP')
    """
    return "mAP" if percent is None else f"{percent} %"


def number(value: Spread, digits: int = 1) -> str:
    """One decimal, as the papers print percentages.

    >>> number(Spread(71.234, 0.52, 3)), number(Spread(71.234, math.nan, 1))
    ('71.2 ± 0.5', '71.2')
    """
    return f"{value.mean:.{digits}f}" + ("" if math.isnan(value.sd) else f" ± {value.sd:.{digits}f}")


def ranks(results: Results, means: Mapping[str, float]) -> dict[str, Style]:
    """Ranks among the methods that saw no more labels than the ratio allows."""
    ceilings = {m for m in results.methods if roles_of(results, m) == {"ceiling"}}
    competing = [m for m in means if m not in ceilings]
    styles = dict(zip(competing, ranked([means[m] for m in competing]), strict=True))
    return {**dict.fromkeys(ceilings, "aside"), **styles}
