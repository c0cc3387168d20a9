"""A record of a sweep with every field set."""

from bench.records.sweeps import Place, SweepRecord

KEY = "0123456789abcdef"

RECORD = SweepRecord(
    id="a" * 12,
    created="2026-01-02T03:04:05+00:00",
    command=("bench", "run"),
    dataset="scenes",
    protocol="partial",
    backbone="tiny_clip",
    methods=("asl", "dualcoop"),
    places=(
        Place("asl", 10, 0, KEY),
        Place("asl", None, 1, KEY),
        Place("dualcoop", 10, 0, None, "needs a text tower; backbone RN50 has none"),
    ),
    feed="views 4",
    study={"kind": "ablation", "design": "ladder", "arms": [{"name": "whole"}]},
    notes={"asl": {"reference": "a paper", "note": ""}},
    requested="2026-02-02T03:04:05+00:00",
)
