"""The record of a sweep: the table that a command requested, as the store keeps it (`sweeps/<id>.json`)."""

import dataclasses
import functools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any

from pydantic import BeforeValidator

from bench.records.names import cell_key, plain_name, sweep_id

SWEEP_SCHEMA = 2


def _axis_name(axis: str) -> BeforeValidator:
    return BeforeValidator(functools.partial(plain_name, kind=f"a {axis}'s name"))


def _optional_key(key: object) -> str | None:
    return None if key is None else cell_key(key)


def _named_study(study: Any) -> Any:
    if isinstance(study, Mapping) and "kind" in study:
        plain_name(study["kind"], "a study's kind")  # it names a folder
    return study


@dataclass(frozen=True)
class Place:
    """One place of a sweep's table; `key` is that of the cell that fills it, None where `skipped` says why none does.

    method: the variant's name. percent: None where the protocol has no ratio.
    """

    method: str
    percent: int | None
    seed: int
    key: Annotated[str | None, BeforeValidator(_optional_key)]
    skipped: str = ""

    def to_json(self) -> dict[str, Any]:
        return dict(self.__dict__)


@dataclass(frozen=True, kw_only=True)
class SweepRecord:
    """A requested sweep, with the times of its first and its last request.

    created, requested: ISO times of the first and the last request; a record made by hand may leave `requested` out.
    feed: where training features came from, "" for those of the plain images. methods: names of the table's lines.
    study: the question that the lines answer together, such as an ablation; empty for an ordinary comparison.
    notes: `reference` and `note` by method.
    """

    id: Annotated[str, BeforeValidator(sweep_id)]
    created: str
    command: tuple[str, ...]
    dataset: Annotated[str, _axis_name("dataset")]
    protocol: Annotated[str, _axis_name("protocol")]
    backbone: Annotated[str, _axis_name("backbone")]
    methods: tuple[str, ...]
    places: tuple[Place, ...]
    feed: str = ""
    study: Annotated[Mapping[str, Any], BeforeValidator(_named_study)] = field(default_factory=dict)
    notes: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    requested: str = ""
    schema: int = SWEEP_SCHEMA

    def __post_init__(self) -> None:
        if not self.requested:
            object.__setattr__(self, "requested", self.created)

    @property
    def study_kind(self) -> str:
        """The kind of study, "" for an ordinary comparison."""
        return str(self.study.get("kind", ""))

    @property
    def keys(self) -> tuple[str, ...]:
        """The cells of the table, each once, in order."""
        return tuple(dict.fromkeys(place.key for place in self.places if place.key))

    def filled(self, method: str | None = None) -> Iterator[tuple[Place, str]]:
        """Places that a cell fills, of one method or of all, each with the cell's key."""
        for place in self.places:
            if place.key and method in (None, place.method):
                yield place, place.key

    def to_json(self) -> dict[str, Any]:
        plain = {each.name: getattr(self, each.name) for each in dataclasses.fields(self)}
        lists = {"command": list(self.command), "methods": list(self.methods)}
        return {**plain, **lists, "places": [place.to_json() for place in self.places], "schema": SWEEP_SCHEMA}

    def content(self) -> dict[str, Any]:
        """The record without the time of the last request, which changes nothing that is made from it."""
        return {name: value for name, value in self.to_json().items() if name != "requested"}
