"""Tables of further metrics: averages over ratios beside mAP, and each by share of known labels."""

from collections.abc import Iterator

from bench.metrics import FurtherMetric
from bench.report.measured import any_measurement
from bench.report.results import Results
from bench.report.tables.flags import common_flags, own_flags, rows_of
from bench.report.tables.ratios import Measure, seed_caption, table_by_ratio
from bench.report.tables.spread import mean_over_ratios
from bench.report.tables.standard import number, ranks
from bench.report.tables.table import Footnotes, Table, Value
from bench.system.wording import counted, some

ENTRY = "(an image and a class)"


def metric_tables(results: Results) -> dict[str, Table]:
    """By file name: the averages first, and with several ratios a table for each metric; nothing without a metric."""
    if not results.metrics or results.frame.empty:
        return {}
    tables = {"metrics": metric_averages(results)}
    if len(results.percents) > 1:
        tables |= {f"metrics_{file_word(metric)}": metric_by_ratio(results, metric) for metric in results.metrics}
    return tables


def file_word(metric: FurtherMetric) -> str:
    """The metric's name as a part of a file's: `precision_recall0_8`."""
    return metric.written.replace("@", "_").replace(".", "_")


def measure_of(metric: FurtherMetric) -> Measure:
    """How tables show it: a count, which is small, with two decimals."""
    return Measure(metric.written, -1 if metric.lower_is_better else 1, 1 if metric.percent else 2)


def metric_averages(results: Results) -> Table:
    """Method x metric, after mAP: means over ratios, where there are several."""
    notes = Footnotes()
    heads = [
        f"{one.heading}{Value('', marks=(notes.mark(definition(results, one)),)).raised}" for one in results.metrics
    ]
    flags = {m: notes.marks(own_flags(results, rows_of(results, m))) for m in results.methods}
    body = []
    for measure in (Measure("mAP"), *map(measure_of, results.metrics)):
        averages = mean_over_ratios(results.frame, measure.column, results.percents)
        styles = ranks(results, {m: measure.sign * s.mean for m, s in averages.items()})
        body.append([
            Value(number(averages[m], measure.digits), styles[m], flags[m]) if m in averages else Value("-", "missing")
            for m in results.methods
        ])  # fmt: skip
    return Table(
        title=f"Further metrics{', averages over ratios' if len(results.percents) > 1 else ''}",
        columns=("method", "mAP", *heads),
        rows=tuple(zip(map(Value, results.methods), *body, strict=True)),
        caption=" ".join(_sentences(results)) + common_flags(results),
        footnotes=tuple(notes.texts),
    )


def metric_by_ratio(results: Results, metric: FurtherMetric) -> Table:
    """One metric in the form of the main table."""
    better = f"{'lower' if metric.lower_is_better else 'higher'} is better"
    words = f"In percent; {better}" if metric.percent else better.capitalize()
    return table_by_ratio(
        results,
        measure_of(metric),
        f"{metric.label}{metric.parameter} by share of known labels",
        f"{definition(results, metric)}. {words}; {seed_caption(results)}.{common_flags(results)}",
    )


def _sentences(results: Results) -> Iterator[str]:
    """What the numbers are, of which entries, and what could not be judged."""
    counts = [metric.label for metric in results.metrics if not metric.percent]
    unit = f", in percent but for {', '.join(counts)}" if counts else ", in percent"
    lower = " ↓: lower is better." if any(metric.lower_is_better for metric in results.metrics) else ""
    yield f"Of the last epoch's scores{unit}; {seed_caption(results)}.{lower}"
    one = any_measurement(results, results.metrics[0])
    if one is None:
        yield "The cells' scores, which these are taken of, are not in the store."
        return
    entries = f"{one.entries:,} test entries {ENTRY}"
    if one.known == one.entries:
        yield f"All {entries} are known."
    else:
        yield f"Taken over the {one.known:,} known of {entries}; an unknown one takes no place in an order."
    yield "A class or an image is judged if it has a known positive and a known negative; others are left out."
    yield from _unjudged(results)
    without = len(results.rows) - len(results.measurements)
    if without:
        yield f"Not measured: {counted(without, 'cell')} whose scores are not in the store."


def definition(results: Results, metric: FurtherMetric) -> str:
    """The metric in a sentence, with how many classes or images it is a mean over."""
    one = any_measurement(results, metric)
    judged = f"{one.judged:,} of {one.of:,}" if one and one.judged < one.of else f"all {one.of:,}" if one else ""
    over = f"; mean over {judged} {metric.over}" if one else ""
    return f"{metric.label}{metric.parameter}: {metric.definition}{over}"


def _unjudged(results: Results) -> Iterator[str]:
    """The classes that are left out, by name."""
    left_out = {
        name: None
        for metric in results.metrics
        if (one := any_measurement(results, metric))
        for name, value in zip(next(iter(results.rows.values())).class_ap, one.classes, strict=False)
        if value != value
    }
    if left_out:
        yield f"Classes that are not judged: {some(list(left_out), most=8)}."
