"""A search sees held-out training images, judged by what is known of them, and nothing of the test split."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
from helpers.search_world import Watching
from helpers.trainings import TINY, make_cell, quiet

from bench.data.blind import NoTestSplitError, blind, is_blind
from bench.errors import DataError
from bench.executors import Inline
from bench.planning.plan import open_dataset
from bench.planning.request import Request
from bench.records.cells import Cell
from bench.records.component import canonical_json
from bench.records.store import Store
from bench.stats.metrics import mean_average_precision
from bench.studies.search.archive import cells_of
from bench.studies.search.request import search_requests
from bench.studies.search.session import open_search
from bench.training.resources import Resources
from protocols import PROTOCOLS, Images
from protocols.splits import held_out

pytestmark = pytest.mark.slow

SHORT = {"epochs": 2, "batch_size": 60}


def real_search(cache: Path, results: Path, dataset=None, method: str = "bce_iu", total: int = 3):
    """A search with real trainings on the tiny scenes; the trials without clocks, and the search's folder."""
    import torch

    settings = {} if method == "clip_zero_shot" else {method: SHORT}
    sweep = Request((method,), (50, 90), holdout=30, overrides={"scenes": TINY, **settings})
    (request,) = search_requests(sweep, pruner="median" if settings else "none")
    dataset = dataset or blind(open_dataset(sweep, cache))
    resources = Resources(dataset, torch.device("cpu"), cache, progress=quiet)
    cells = cells_of(Store(results))
    session = open_search(request, dataset, results, total=total)
    with Inline(resources, cells) as executor:
        trials = session.run(executor, cells, Watching(), total)
    return [dataclasses.replace(t, start=None, end=None) for t in trials], session.archive.folder


@pytest.fixture(scope="module")
def plain(cache, tmp_path_factory):
    results = tmp_path_factory.mktemp("plain")
    return (*real_search(cache, results), results)


def test_a_search_runs_on_a_dataset_whose_test_split_raises(plain):
    trials, _, _ = plain
    assert [trial.state for trial in trials] == ["complete"] * 3
    assert all(0 < trial.value <= 100 for trial in trials)


def test_garbage_in_place_of_the_test_labels_changes_no_bit_of_a_search(plain, cache, tmp_path):
    """Not even of one that is given the dataset with its test split."""
    visible = open_dataset(Request((), (), overrides={"scenes": TINY}), cache)
    labels = np.random.default_rng(0).choice(np.array([-1, 1], np.int8), visible.test.labels.shape)
    visible.__dict__["test"] = dataclasses.replace(visible.test, labels=labels, ids=tuple(map(str, range(len(labels)))))
    trials, _ = real_search(cache, tmp_path, dataset=visible)
    assert trials == plain[0]


def test_a_test_split_that_raises_would_be_noticed_by_an_ordinary_cell(cache, tmp_path):
    """The proof above proves something: the same dataset stops what does look at the test split."""
    import torch

    dataset = blind(open_dataset(Request((), (), overrides={"scenes": TINY}), cache))
    resources = Resources(dataset, torch.device("cpu"), cache, progress=quiet)
    with pytest.raises(NoTestSplitError):
        resources.inputs(make_cell(resources, "bce_iu", holdout=20, **SHORT))


def test_nothing_that_a_search_leaves_behind_tells_a_number_of_the_test_split(plain):
    _, folder, results = plain
    text = "".join(path.read_text() for path in folder.iterdir() if path.is_file())
    for path in (results / "searches" / "cells").glob("*/curve.jsonl"):
        text += path.read_text()
        for line in path.read_text().splitlines():
            assert "mAP" not in json.loads(line), "the name of the test split's number"
    assert "test_best" not in text
    assert '"mAP"' not in text
    rows = [json.loads(path.read_text()) for path in (results / "searches" / "cells").glob("*/row.json")]
    assert rows
    for row in rows:
        assert set(row["metrics"]) == {"heldout_mAP", "heldout_known_entries"}
        assert (row["test_best"], row["class_ap"], row["cell"]["test"]) == ({}, {}, False)
        assert "test_images" not in row["data"]
    assert not (results / "searches" / "targets").exists(), "the test labels' place in a store"


@pytest.mark.usefixtures("toys")
@pytest.mark.parametrize("judged", ["observed", "full"])
def test_heldout_images_are_judged_by_known_labels_or_by_all(resources, judged):
    cell = make_cell(resources, "toy_linear", percent=30, holdout=25, **SHORT)
    cell = dataclasses.replace(cell, judged=judged, test=False)
    inputs, _ = resources.inputs(cell)
    train = resources.dataset.train
    protocol = PROTOCOLS.get("partial")
    mask = protocol(protocol.Options()).observe(train.labels, 30, 0, Images())
    _, rows = held_out(len(train.labels), 25, 0)
    known = mask[rows].copy()
    for c in range(known.shape[1]):  # a class without both kinds of labels gives any ranking the same AP
        if not {1, -1} <= set(known[:, c]):
            known[:, c] = 0
    expected = known if judged == "observed" else train.labels[rows]
    assert (inputs.heldout_labels[rows] == expected).all()
    assert (inputs.observed[rows] == 0).all(), "and nothing of them is learned from"
    assert inputs.test_labels is inputs.test is None


@pytest.mark.usefixtures("toys")
def test_the_last_epochs_number_is_the_map_of_the_stored_heldout_logits(plain, cache, tmp_path):
    _, _, results = plain
    cells = cells_of(Store(results))
    row = cells.rows()[0]
    dataset = blind(open_dataset(Request((), (), overrides={"scenes": TINY}), cache))
    import torch

    resources = Resources(dataset, torch.device("cpu"), cache, progress=quiet)
    inputs, _ = resources.inputs(row.cell)
    value = mean_average_precision(cells.scores(row.key), inputs.heldout_labels[inputs.heldout_rows])
    assert row.metrics["heldout_mAP"] == pytest.approx(value)
    assert cells.curve(row.key)[-1]["heldout_mAP"] == pytest.approx(value)


def test_a_method_that_is_not_trained_is_searched_too(cache, tmp_path):
    trials, _ = real_search(cache, tmp_path, method="clip_zero_shot", total=2)
    assert [trial.state for trial in trials] == ["complete", "complete"]
    assert trials[0].curve == {}


def test_too_few_known_labels_to_judge_by_fail_with_a_sentence(make_resources):
    resources = make_resources()
    cell = make_cell(resources, "bce_iu", percent=1, holdout=1, **SHORT)
    with pytest.raises(DataError, match="no class has both a known positive and a known negative"):
        resources.inputs(dataclasses.replace(cell, judged="observed", test=False))


@pytest.mark.usefixtures("toys")
def test_the_keys_of_ordinary_cells_do_not_know_of_searches(resources):
    cell = make_cell(resources, "toy_linear", holdout=20, **SHORT)
    assert not {"judged", "test"} & set(cell.to_json())
    changed = [dataclasses.replace(cell, judged="observed"), dataclasses.replace(cell, test=False)]
    assert len({cell.key, *(other.key for other in changed)}) == 3
    for other in (cell, *changed):
        assert Cell.from_json(json.loads(canonical_json(other.to_json()))) == other


def test_a_blind_dataset_is_the_same_but_for_its_test_split(cache):
    sweep = Request((), (), overrides={"scenes": TINY})
    visible, unseen = open_dataset(sweep, cache), blind(open_dataset(sweep, cache))
    assert (is_blind(visible), is_blind(unseen), blind(unseen) is unseen) == (False, True, True)
    assert unseen.fingerprint == visible.fingerprint, "drawn by options alone, and the features are found again"
    assert (unseen.train.labels == visible.train.labels).all()
    with pytest.raises(NoTestSplitError):
        unseen.test  # noqa: B018
    assert unseen.facts == {"train_images": TINY["n_train"]}


def test_a_dataset_told_by_both_splits_is_told_by_the_first_alone(cache):
    from bench.data.base import Dataset, Split

    class Listed(Dataset):
        name = "listed"
        class_names = ("a", "b")

        def __init__(self, test_label: int):
            super().__init__(None, None, cache)
            self.test_label = test_label

        @property
        def train(self):
            return Split(("x",), np.array([[1, -1]], np.int8), [None])

        @property
        def test(self):
            return Split(("y",), np.array([[self.test_label, -1]], np.int8), [None])

    assert Listed(1).fingerprint != Listed(-1).fingerprint
    assert blind(Listed(1)).fingerprint == blind(Listed(-1)).fingerprint
