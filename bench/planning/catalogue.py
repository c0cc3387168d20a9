"""Facts about what is registered, and what methods need, in words: for `bench ls` and the documentation."""

from typing import Any

from bench.data import Dataset
from bench.metrics import FurtherMetric
from bench.planning.recipes import all_recipes
from bench.settings.conversion import values
from bench.settings.registry import describe
from methods import Method
from protocols import PROTOCOLS


def needs(method: type[Method]) -> list[str]:
    """What the method needs with its default settings."""
    config = method.Config()
    facts = {
        "text": method.text,
        "token texts": method.token_texts,
        "tokens": method.reads_images and method.needs_dense(config),
        "negatives": method.labels == "observed" and method.needs_negatives(config),
        "all labels": method.labels == "full",
    }
    return [need for need, holds in facts.items() if holds]


def protocols_of(method: type[Method]) -> list[str]:
    """The protocols under which the method runs with its default settings."""
    strict = "negatives" in needs(method)
    return [name for name in PROTOCOLS.names() if PROTOCOLS.get(name).negatives or not strict]


def about(method: type[Method]) -> dict[str, Any]:
    """The facts of a method in one row."""
    return {
        "name": method.name,
        "what": describe(method),
        "needs": needs(method),
        "labels": method.labels,
        "flags": list(method.flags),
        "reference": method.reference,
        "protocols": protocols_of(method),
        "defaults_from": method.defaults_from,
    }


def details(method: type[Method]) -> dict[str, Any]:
    """All facts of a method, without its options."""
    return {
        **about(method),
        "equation": method.equation,
        "source": method.source,
        "licence": method.licence,
        "note": method.note,
        "recipes": all_recipes(method),
    }


def about_any(entry: Any) -> dict[str, Any]:
    """The facts of an entry of another axis in one row."""
    return {"name": entry.name, "what": describe(entry), "options": values(entry.Options())}


def about_metric(metric: type[FurtherMetric]) -> dict[str, Any]:
    """One line's worth of a metric: how it is written, and its definition."""
    better = "lower" if metric.lower_is_better else "higher"
    return {
        "name": metric.name,
        "written": metric.form(),
        "what": describe(metric),
        "over": metric.over,
        "better": better,
    }


def reference(entry: Any) -> dict[str, Any]:
    """The paper or file that it comes from, if it is declared."""
    return {"reference": getattr(entry, "reference", "")}


def default_backbone(dataset: type[Dataset]) -> dict[str, Any]:
    """The encoder of a run on it that names none."""
    return {"default_backbone": dataset.default_backbone}
