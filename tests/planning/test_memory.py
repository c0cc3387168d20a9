"""What cells take of memory, by what finished ones of their method took on the same data."""

import dataclasses
from types import SimpleNamespace

import pytest
from helpers.store_factory import Grid, finish

from bench.axes.methods import configured_method
from bench.planning.memory import (
    USUAL_TOKENS,
    at_once,
    data_sizes,
    estimated_needs,
    least_need,
    memory_needs,
    most_need,
)
from bench.records.store import Store
from bench.system.capacity import WORKER_MEMORY
from bench.system.files import write_json
from methods import METHODS
from methods.training_memory import Sizes

MIB = 2**20


def test_the_largest_peak_of_a_method_on_the_same_data_counts(tmp_path):
    store = Store(tmp_path)
    small, large, other = Grid(methods=("sst",), percents=(10, 50)).cells() + Grid(methods=("asl",)).cells()[:1]
    elsewhere = dataclasses.replace(large, dataset=dataclasses.replace(large.dataset, fingerprint="0" * 64))
    for cell, peak in ((small, 600.0), (large, 1000.0), (elsewhere, 9000.0)):
        finish(store, cell, peak_memory={"process": peak})
    finish(store, other, peak_memory={})
    rows = list(store.rows_of({"sst", "asl"}))
    assert len(rows) == 4
    assert {row.cell.method.name for row in store.rows_of({"sst"})} == {"sst"}
    needs = memory_needs([small, other], rows)
    assert needs == memory_needs([small, other], rows[::-1]) == {"sst": int(1100 * MIB)}
    assert least_need([small], needs) == needs["sst"]
    assert least_need([small, other], {"sst": 2 * WORKER_MEMORY}) == WORKER_MEMORY
    assert least_need([], needs) == WORKER_MEMORY


def test_pairs_of_classes_take_memory_by_the_square_and_all_else_in_proportion():
    def grown(method: str, **settings: object) -> list[float]:
        kind, config = METHODS.get(method), METHODS.get(method).Config(**settings)
        base = Sizes(10_000, 5_000, 1000, 196, 512)
        before = kind.training_memory(config, base)
        larger = {"classes": 4000, "train_images": 40_000, "test_images": 20_000}
        return [kind.training_memory(config, base._replace(**{name: n})) / before for name, n in larger.items()]

    for method in ("sst", "hst"):
        assert grown(method, pair_output=1024, width=8, memory=1) == pytest.approx([16, 1, 1], rel=0.1)
    assert grown("role") == pytest.approx([4, 4, 1])
    assert grown("dualcoop") == pytest.approx([1, 1, 1]), "a text tower computes what is beyond 2.25 GiB again"


def test_an_estimate_is_for_the_features_at_hand_and_the_largest_settings(tmp_path):
    small, *_ = Grid(methods=("sst",)).cells()
    large = dataclasses.replace(small, method=configured_method("sst", {"pair_output": 1024, "width": 1024}).component)
    dataset = SimpleNamespace(sizes={"train_images": 100, "test_images": 50}, class_names=("a",) * 500)
    needs = estimated_needs([small, large, small], dataset, tmp_path)
    assert needs == estimated_needs([large], dataset, tmp_path)
    assert needs["sst"] > 5 * 2**30 > estimated_needs([small], dataset, tmp_path)["sst"] > WORKER_MEMORY
    assert most_need([small], needs) == least_need([small], needs) == needs["sst"]
    assert data_sizes(dataset, small.backbone, tmp_path) == (100, 50, 500, *USUAL_TOKENS)
    folder = tmp_path / "features" / ("0" * 16)
    about = {"backbone": small.backbone.name, "backbone_options": dict(small.backbone.options)}
    folder.mkdir(parents=True)
    write_json(folder / "about.json", {**about, "shape": {"images": 1, "tokens": 9, "dim": 8, "chunk": 1}})
    assert data_sizes(dataset, small.backbone, tmp_path) == (100, 50, 500, 9, 8)
    other = dataclasses.replace(small.backbone, name="another")
    assert data_sizes(dataset, other, tmp_path)[3:] == USUAL_TOKENS


def test_methods_that_fit_on_fewer_workers_are_told():
    assert at_once({"sst": 8, "asl": 2, "role": 30}, 4, 17) == {"sst": 2, "role": 1}
    assert at_once({"sst": 8}, 2, 17) == {}
