"""The rules that make equal trainings equal cells: what a cell's result cannot depend on is no part of its key."""

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from bench.records.cells import Cell, Judged
from bench.records.component import PLAIN_FEED, Component
from methods import Method


@dataclass(frozen=True)
class PlaceFacts:
    """The facts about a place of the table that the rules look at.

    epochs: those of the method's settings; 0 does not train. varies: the stream that follows `seed` while all others
    stay at `first_seed`, "" where all follow it. full: the protocol that hides nothing. judged: the labels of held-out
    images that count.
    """

    method: type[Method]
    epochs: int
    holdout: int
    seed: int
    first_seed: int
    varies: str
    full: Component
    judged: Judged = "full"

    @property
    def has_randomness(self) -> bool:
        """Whether anything that is drawn can change the result: labels, or a training."""
        return self.method.labels != "none" or self.epochs > 0

    @property
    def uses_protocol(self) -> bool:
        """Whether hidden labels change anything: what is learned, or without labels what held-out images say."""
        trained_without = self.method.labels == "none" and self.epochs > 0
        return self.method.labels == "observed" or (trained_without and self.judged == "observed")

    @property
    def uses_mask(self) -> bool:
        """Whether the stream `mask` draws anything: known labels, or held-out images."""
        return self.method.labels == "observed" or self.holdout > 0


@dataclass(frozen=True)
class IdentityRule:
    """Where `applies`, a cell takes the fields that `fields` gives. reason: why the result stays the same."""

    name: str
    reason: str
    applies: Callable[[PlaceFacts], bool]
    fields: Callable[[PlaceFacts], Mapping[str, Any]]


IDENTITY_RULES = (
    IdentityRule(
        "no feed without training",
        "Feeds serve training images; test images are the same under all feeds.",
        lambda facts: not facts.epochs or facts.method.labels == "none",
        lambda facts: {"feed": PLAIN_FEED},
    ),
    IdentityRule(
        "no protocol without hidden labels",
        "A method that is given all labels, or none, trains the same at every ratio and under every protocol.",
        lambda facts: not facts.uses_protocol,
        lambda facts: {"protocol": facts.full, "percent": None, "judged": "full"},
    ),
    IdentityRule(
        "no seed without randomness",
        "Without labels and without training nothing is drawn and nothing is held out.",
        lambda facts: not facts.has_randomness,
        lambda facts: {"seed": 0, "holdout": 0},
    ),
    IdentityRule(
        "one stream varies",
        "A study of the variance lets one stream follow the seed; all others stay at the first seed.",
        lambda facts: bool(facts.varies) and facts.has_randomness,
        lambda facts: {"seed": facts.first_seed, "streams": {facts.varies: facts.seed}},
    ),
    IdentityRule(
        "no mask that hides nothing",
        "Where all labels or none are given and no image is held out, the stream `mask` draws nothing.",
        lambda facts: facts.varies == "mask" and facts.has_randomness and not facts.uses_mask,
        lambda facts: {"seed": facts.first_seed, "streams": {}},
    ),
)
"""Applied in order."""


def apply_rules(cell: Cell, facts: PlaceFacts) -> Cell:
    """The cell under every rule that applies."""
    changes: dict[str, Any] = {}
    for rule in IDENTITY_RULES:
        if rule.applies(facts):
            changes |= rule.fields(facts)
    return dataclasses.replace(cell, **changes)
