"""Features and logits at the two levels of the method: region and query. [T]"""

from collections.abc import Callable
from typing import Literal, NamedTuple

from torch import Tensor

Level = Literal["query", "region"]
Score = Literal["query", "region", "mean"]
Supervised = Literal["query", "region", "both", "mean"]


class Levels(NamedTuple):
    """region and query: features (B, C, D) or logits (B, C); None for a level that the method does not have."""

    region: Tensor | None
    query: Tensor | None

    def map(self, function: Callable[[Tensor], Tensor]) -> "Levels":
        """The function's values at the levels that are there."""
        return Levels(*(None if level is None else function(level) for level in self))

    def at(self, level: Level) -> Tensor:
        """The level by name; where there is one only, that one."""
        first, second = (self.query, self.region) if level == "query" else (self.region, self.query)
        present = second if first is None else first
        assert present is not None, "a method has at least one level"
        return present

    def score(self, score: Score) -> Tensor:
        """Logits (B, C) of one level, or the mean of both."""
        if score != "mean":
            return self.at(score)
        return (self.at("query") + self.at("region")) / 2 if self.complete else self.at("query")

    def supervised(self, supervised: Supervised) -> tuple[Tensor, ...]:
        """The logits that labels train: of one level, of each, or the mean of both."""
        if supervised != "both":
            return (self.score(supervised),)
        return tuple(logits for logits in self if logits is not None)

    @property
    def complete(self) -> bool:
        """Whether both levels are there."""
        return self.region is not None and self.query is not None
