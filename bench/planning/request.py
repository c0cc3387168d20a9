"""The request for a sweep: the methods, with settings of their own where they have some, and the axes of the grid."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeVar

from bench.data import DATASETS
from bench.records.cells import Judged
from methods import METHODS

AUTO = "auto"
EVERY = "all"
"""What stands for every method."""

Named = TypeVar("Named")


def in_full(methods: tuple[Named, ...]) -> tuple[Named | str, ...]:
    """The methods of a request, all of them by name where `all` stands for them."""
    return tuple(METHODS.names()) if methods == (EVERY,) else methods


@dataclass(frozen=True)
class Variant:
    """A method with settings of its own, on top of what the sweep says of the method.

    name: what it is called in tables; by default the method's, with the settings if there are any: `asl [lr=0.01]`.
    recipe: that of this variant; "" for the sweep's.
    varies: the stream of randomness that follows the sweep's seeds while all others stay at the first of them; "" where
    all of them follow (see `bench.records.cells.CELL_STREAMS`).
    """

    method: str
    overrides: Mapping[str, Any] = field(default_factory=dict)
    name: str = ""
    recipe: str = ""
    varies: str = ""

    def __post_init__(self) -> None:
        if not self.name:
            settings = ", ".join(f"{option}={value}" for option, value in self.overrides.items())
            object.__setattr__(self, "name", f"{self.method} [{settings}]" if settings else self.method)


@dataclass(frozen=True)
class Request:
    """What a user wants to run. Overrides are `{name: {option: value}}` for methods, dataset, protocol, backbone, feed.

    methods: names and variants, or `all` alone for every method that there is.
    protocol: `auto` is `native` where labels are unknown in the data itself, and `partial` elsewhere.
    study: the study that the variants belong to, such as an ablation; kept in the record, and no part of any cell.
    backbone: "" for the dataset's default. judged: by which labels held-out images are judged; `auto` is `observed`
    where labels are unknown in the data itself and the protocol hides more, and `full` elsewhere.
    """

    methods: tuple[str | Variant, ...]
    percents: tuple[int, ...]
    seeds: tuple[int, ...] = (0,)
    dataset: str = "scenes"
    protocol: str = AUTO
    backbone: str = ""
    recipe: str = "auto"
    holdout: int = 0
    judged: Judged | Literal["auto"] = "auto"
    overrides: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    root: Path | None = None
    feed: str = "plain"
    study: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.backbone:
            object.__setattr__(self, "backbone", DATASETS.get(self.dataset).backbone_for(self.root))

    @property
    def variants(self) -> tuple[Variant, ...]:
        """`methods`, a plain name being the method as the recipe and the overrides have it."""
        return tuple(Variant(method) if isinstance(method, str) else method for method in in_full(self.methods))

    @property
    def every(self) -> bool:
        """Whether all methods are requested, and none by its name."""
        return self.methods == (EVERY,)
