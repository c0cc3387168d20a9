"""The record of a planned sweep, which the store keeps."""

import hashlib
from collections.abc import Sequence

from bench.features.feeds import feed_component, feed_text
from bench.planning.plan import PlannedPlace
from bench.planning.request import Request, Variant
from bench.records.component import canonical_json
from bench.records.sweeps import SweepRecord
from methods import METHODS


def record(request: Request, places: Sequence[PlannedPlace], command: Sequence[str], created: str) -> SweepRecord:
    """What the store keeps of a sweep (`sweeps/<id>.json`); reports and MLflow read the table's shape from it."""
    return SweepRecord(
        id=sweep_id_of(places),
        created=created,
        command=tuple(command),
        dataset=request.dataset,
        protocol=request.protocol,
        backbone=request.backbone,
        feed=feed_text(feed_component(request.feed, request.overrides.get(request.feed, {}))),
        methods=tuple(variant.name for variant in request.variants),
        study=request.study,
        notes={variant.name: _notes(variant) for variant in request.variants},
        places=tuple(planned.place for planned in places),
    )


def _notes(variant: Variant) -> dict[str, str]:
    """The facts of a method that a report needs: its note, its style, and whether it is a baseline."""
    method = METHODS.get(variant.method)
    own = vars(method) if variant.name == variant.method else {}  # neither variants nor subclasses take these over
    declared = {"colour": own.get("colour", ""), "baseline": str(own.get("baseline", 0))}
    return {"reference": method.reference, "note": method.note, **declared}


def sweep_id_of(places: Sequence[PlannedPlace]) -> str:
    """The same for the same table, so that repeating a command does not make a second sweep."""
    return hashlib.sha256(canonical_json([planned.place.to_json() for planned in places]).encode()).hexdigest()[:12]
