"""The cells of a plan: which stand in several places, in which order they run, and which are skipped."""

import json

import pytest
from helpers.toys import TOYS

from bench.backbones.embedded import TinyCLIP
from bench.planning.plan import cells, plan
from bench.planning.record import record, sweep_id_of
from bench.planning.request import Request
from bench.records.sweep_file import sweep_of
from methods import METHODS

pytestmark = [pytest.mark.usefixtures("toys"), pytest.mark.slow]


def planned(resources, *methods: str, percents=(10, 50, 90), seeds=(0,), **more):
    return plan(Request(methods, tuple(percents), tuple(seeds), **more), resources.dataset)


def test_cells_that_do_not_depend_on_the_ratio_run_once(resources):
    entries = planned(resources, "oracle", "clip_zero_shot", "asl", seeds=(0, 1))
    assert len(entries) == 3 * 3 * 2
    counts = dict.fromkeys(("oracle", "clip_zero_shot", "asl"), 0)
    for cell in cells(entries):
        counts[cell.method.name] += 1
    assert counts == {"oracle": 2, "clip_zero_shot": 1, "asl": 6}, "once a seed, once at all, once a ratio and seed"
    fills = {entry.cell.key for entry in entries if entry.method == "clip_zero_shot"}
    assert len(fills) == 1, "and the one cell fills every place of its column"


def test_the_plan_goes_ratio_by_ratio_so_that_early_rows_compare_all_methods(resources):
    order = [(entry.percent, entry.method) for entry in planned(resources, "asl", "dualcoop", percents=(10, 20))]
    assert order == [(10, "asl"), (10, "dualcoop"), (20, "asl"), (20, "dualcoop")]


def test_all_stands_for_every_method(resources):
    assert [entry.method for entry in planned(resources, "all", percents=(10,))] == list(METHODS.names())


@pytest.mark.parametrize("protocol", ["full", "single_positive"])
def test_a_protocol_without_a_ratio_makes_one_row(resources, protocol):
    entries = planned(resources, "asl", "oracle", protocol=protocol)
    assert [(entry.method, entry.percent) for entry in entries] == [("asl", None), ("oracle", None)]


def test_a_method_that_needs_negatives_is_skipped_where_none_are_known(resources, monkeypatch):
    monkeypatch.setattr(TOYS["toy_linear"], "needs_negatives", classmethod(lambda cls, config: True))
    skipped, other = planned(resources, "toy_linear", "oracle", protocol="single_positive")
    assert (skipped.cell, skipped.skipped) == (None, "needs known negatives; protocol single_positive has none")
    assert other.cell is not None
    assert all(entry.cell is not None for entry in planned(resources, "toy_linear", percents=(50,)))


def test_a_method_that_needs_text_is_skipped_where_there_is_none(resources, monkeypatch):
    monkeypatch.setattr(TinyCLIP, "has_text", False)
    skipped, other = planned(resources, "dualcoop", "asl", percents=(50,))
    assert (skipped.cell, skipped.skipped) == (None, "needs a text tower; backbone tiny_clip has none")
    assert other.cell is not None


def test_a_method_that_reads_text_token_by_token_is_skipped_where_a_text_has_one_vector(resources, monkeypatch):
    monkeypatch.setattr(TinyCLIP, "has_token_texts", False)
    skipped, other = planned(resources, "tai_dpt", "dualcoop", percents=(50,))
    assert skipped.skipped == "needs text features at every token; backbone tiny_clip has one vector a text"
    assert skipped.cell is None
    assert other.cell is not None


def test_the_same_table_is_the_same_sweep(resources):
    one, other = (planned(resources, "asl", percents=p) for p in ((10, 50), (10, 50)))
    assert sweep_id_of(one) == sweep_id_of(other) != sweep_id_of(planned(resources, "asl", percents=(10,)))
    kept = record(Request(("asl",), (10, 50)), one, command=["bench", "run"], created="now")
    assert sweep_of(json.loads(json.dumps(kept.to_json())), "here") == kept
    assert kept.places == tuple(entry.place for entry in one)
