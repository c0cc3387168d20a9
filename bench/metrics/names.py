"""Names of metrics: `NAME`, or `NAME@VALUE` with the metric's prefix before the value, as in `precision@recall0.8`."""

from collections.abc import Iterable
from dataclasses import fields

from bench.errors import UsageError
from bench.metrics.base import FURTHER_METRICS, FurtherMetric
from bench.settings.conversion import build
from bench.system.wording import listed, shown


def parse_metrics(names: str | Iterable[str]) -> tuple[FurtherMetric, ...]:
    """The metrics of these names, with commas or one by one; each once, in the given order.

    >>> [metric.written for metric in parse_metrics("auroc, r@5, precision@recall0.80, r")]
    ['auroc', 'r@5', 'precision@recall0.8']
    """
    metrics = {metric.written: metric for metric in map(_parse, listed(names))}
    return tuple(metrics.values())


def _parse(text: str) -> FurtherMetric:
    name, at, rest = text.partition("@")
    if name not in FURTHER_METRICS.names():
        raise _no_metric(text)
    metric = FURTHER_METRICS.get(name)
    options = [field.name for field in fields(metric.Options)]
    if at and not (options and rest.startswith(metric.prefix)):
        raise _no_metric(text)
    try:
        return metric(build(metric.Options, {options[0]: rest.removeprefix(metric.prefix)} if at else {}, owner=name))
    except UsageError:
        raise _no_metric(text) from None


def _no_metric(text: str) -> UsageError:
    metrics = (FURTHER_METRICS.get(name) for name in FURTHER_METRICS.names())
    return UsageError(f"There is no metric {shown(text)}; allowed: {', '.join(map(_explained, metrics))}.")


def _explained(metric: type[FurtherMetric]) -> str:
    """How it is written, with what may stand for its value."""
    return "".join([metric.form(), *(f" ({field.metadata['help']})" for field in fields(metric.Options))])
