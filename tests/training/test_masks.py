"""Masks that processes share are those that each would draw, and are found by all that decides them alone."""

import dataclasses

import numpy as np
import pytest
from helpers.trainings import Relabelled, make_cell

from bench.system import mapped
from bench.training import masks
from protocols import PROTOCOLS


@pytest.fixture
def shared(make_resources, resources, monkeypatch, tmp_path):
    """Opens the dataset with a cache of masks of its own, as many times as processes would."""

    def open_shared(labels=None):
        dataset = resources.dataset if labels is None else Relabelled(resources.dataset, labels)
        opened = make_resources(dataset)
        opened.labels.masks.cache = tmp_path
        return opened

    for module in (mapped, masks):
        monkeypatch.setattr(module, "SMALLEST_MAPPED", 1)
    return open_shared


@pytest.mark.parametrize("cell", [{}, {"holdout": 20}, {"holdout": 20, "judged": "observed", "test": False}])
def test_labels_of_a_mapped_mask_are_those_of_a_drawn_one(cell, shared, resources, monkeypatch):
    changes = {name: cell[name] for name in ("judged", "test") if name in cell}
    cell = dataclasses.replace(make_cell(resources, "asl", percent=40, holdout=cell.get("holdout", 0)), **changes)
    monkeypatch.setattr(mapped, "SMALLEST_MAPPED", 2**40)
    drawn = resources.labels.given(cell)
    monkeypatch.setattr(mapped, "SMALLEST_MAPPED", 1)
    first = shared().labels.given(cell)
    monkeypatch.setattr(PROTOCOLS.get("partial"), "observe", None)
    first[0][:] = 7
    second = shared().labels.given(cell)
    assert isinstance(second[0].base, np.memmap)
    assert not second[0][second[3]].any(), "held-out images teach nothing"
    for one, other in zip(drawn, second, strict=True):
        assert np.array_equal(one, other)


def test_another_seed_share_protocol_or_label_has_a_mask_of_its_own(shared, resources):
    def whole(opened, **changes):
        return opened.labels.masks.whole(make_cell(resources, "asl", **{"percent": 40, **changes})).tobytes()

    changed = resources.dataset.train.labels.copy()
    changed[0] *= -1
    given = [whole(shared()), whole(shared(), seed=1), whole(shared(), percent=50), whole(shared(changed))]
    given += [whole(shared(), protocol="hcp")]
    assert len(set(given)) == len(given)
    assert whole(shared()) == given[0]
