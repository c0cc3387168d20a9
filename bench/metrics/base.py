"""Base of all further metrics: a name, a version, options, and a number for each class or image."""

import math
import re
from dataclasses import dataclass, fields
from typing import Any, ClassVar, Literal

import numpy as np

from bench.settings.config import NoOptions
from bench.settings.registry import Registry, describe

FURTHER_METRICS: Registry[type["FurtherMetric"]] = Registry("metric", packages=("bench.metrics",))


@dataclass(frozen=True)
class Measurement:
    """A metric of one matrix of scores: the mean over the classes or images that can be judged.

    value: NaN where there is none. judged, of: how many they are, of how many. known, entries: test entries (an image
    and a class) with a known label, of how many. classes: the value of each class, NaN for one that cannot be judged;
    empty for a metric of images.
    """

    value: float
    judged: int
    of: int
    known: int
    entries: int
    classes: tuple[float, ...] = ()


class FurtherMetric:
    """A metric with its options. The first line of a class's docstring is its definition in tables and lists.

    In it, as in its form, the option's value stands as a capital letter: K for `k`, R for `recall`.
    version: another one wherever a number could come out differently. Options: no field, or the one whose value stands
    in the name. label: in the heads of tables. prefix: stands before that value in the name and in the label.
    over: what it is a mean over. percent: whether it is one, and not a count. reference: where the definition is from.
    """

    name: ClassVar[str]
    version: ClassVar[int] = 1
    Options: ClassVar[type] = NoOptions
    label: ClassVar[str]
    prefix: ClassVar[str] = ""
    over: ClassVar[Literal["classes", "images"]] = "classes"
    lower_is_better: ClassVar[bool] = False
    percent: ClassVar[bool] = True
    reference: ClassVar[str] = ""

    def __init__(self, options: Any):
        self.options = options

    def values(self, scores: np.ndarray, labels: np.ndarray) -> np.ndarray:
        """Of each class (C,) or image (N,), NaN where it cannot be judged.

        scores: (N, C). labels: (N, C) of +1, -1, and 0 for entries that are unknown and have no part in it.
        """
        raise NotImplementedError

    def measure(self, scores: np.ndarray, labels: np.ndarray) -> Measurement:
        """The mean of `values` over what can be judged."""
        values = self.values(scores, labels)
        judged = values[~np.isnan(values)]
        mean = float(judged.mean()) if len(judged) else math.nan
        classes = tuple(values.tolist()) if self.over == "classes" else ()
        return Measurement(mean, len(judged), len(values), int(np.count_nonzero(labels)), labels.size, classes)

    @property
    def parameter(self) -> str:
        """The value of its option as it is written; "" without one."""
        return "".join(str(getattr(self.options, field.name)).removesuffix(".0") for field in fields(self.options))

    @property
    def written(self) -> str:
        """Its full name: `precision@recall0.8`."""
        return f"{self.name}@{self.prefix}{self.parameter}" if self.parameter else self.name

    @property
    def heading(self) -> str:
        """What a table's column is called, with an arrow where lower is better."""
        return f"{self.label}{self.parameter}{' ↓' if self.lower_is_better else ''}"

    @property
    def identity(self) -> str:
        """What makes its numbers what they are, beside scores and labels."""
        return f"{self.written} v{self.version} {FURTHER_METRICS.plugin(self.name)}".rstrip()

    @property
    def definition(self) -> str:
        """Its class's definition with the option's value in place, to go on from a colon."""
        text = describe(type(self)).removesuffix(".")
        for field in fields(self.options):
            text = re.sub(rf"\b{field.name[0].upper()}\b", self.parameter, text)
        return text[0].lower() + text[1:]

    @classmethod
    def form(cls) -> str:
        """How its name is written: `precision@recallR`."""
        value = "".join(field.name[0].upper() for field in fields(cls.Options))
        return f"{cls.name}@{cls.prefix}{value}" if value else cls.name


FURTHER_METRICS.base = FurtherMetric
