"""Paired differences of a sweep's methods from a baseline, as a frame."""

import dataclasses
from typing import TYPE_CHECKING

from bench.errors import UsageError
from bench.records.store import Store
from bench.report import Results
from bench.report.image_intervals import image_interval
from bench.report.sections.gains import against_baseline
from bench.report.tables.compared import columns_of, gain_records
from bench.system.wording import nearest

if TYPE_CHECKING:
    import pandas as pd

COMPARISON_COLUMNS = {
    "method": "the line of the table",
    "against": "the baseline; empty in the baseline's own rows",
    "percent": "the share of known labels in percent; missing where the row is an average, or where there is no ratio",
    "average": "whether the row is over all ratios",
    "seeds": "seeds that the method has numbers of",
    "mAP": "mean over seeds, in percent",
    "mAP_sd": "standard deviation over seeds",
    "pairs": "pairs of cells with the same mask and order",
    "difference": "mean of mAP minus the baseline's, over pairs, in points",
    "low": "lower end of the interval over seeds",
    "high": "upper end of the interval over seeds",
    "interval": "t95: Student's interval of 95 %, from three pairs on; range: of two; empty: of one",
    "not_significant": "whether t95 holds 0",
    "images_low": "lower end of the 95 % interval over test images (paired bootstrap)",
    "images_high": "its upper end",
    "images_not_significant": "whether it holds 0",
    "images": "test images",
    "resamples": "of the bootstrap",
}
"""The columns of `Sweep.compare`."""

_KINDS = {
    **dict.fromkeys(("method", "against", "interval"), "string"),
    **dict.fromkeys(("percent", "pairs", "images", "resamples"), "Int64"),
    **dict.fromkeys(("not_significant", "images_not_significant"), "boolean"),
    **dict.fromkeys(("mAP", "mAP_sd", "difference", "low", "high", "images_low", "images_high"), "float64"),
}


def comparison(results: Results, store: Store, baseline: str | None = None) -> "pd.DataFrame":
    """A row for each method and ratio, and for the average over ratios; the baseline first."""
    import pandas as pd

    chosen = with_baseline(results, baseline)
    records = gain_records(against_baseline(chosen, image_interval(chosen, store)), columns_of(chosen), "method")
    for record in records:
        record["average"] = isinstance(record["percent"], str)
        record["percent"] = None if record["average"] else record["percent"]
    return pd.DataFrame(records)[list(COMPARISON_COLUMNS)].astype(_KINDS)


def with_baseline(results: Results, baseline: str | None = None) -> Results:
    """The results with this method as the baseline; UsageError if nothing can be compared with it."""
    present = set(results.frame["method"])
    if baseline is not None and baseline not in present:
        raise UsageError(f"no method {baseline!r} has a number in this sweep; {nearest(baseline, present)}")
    chosen = results if baseline is None else dataclasses.replace(results, baseline=baseline)
    if chosen.baseline is None or not chosen.challengers:
        raise UsageError("a comparison needs two methods with numbers; run another, or name another baseline.")
    return chosen
