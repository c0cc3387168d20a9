"""Protocols as a sweep uses them: what of them is in a cell's key, and what of their mask reaches training."""

import dataclasses
import json
import shutil

import numpy as np
import pytest
from helpers import masks
from helpers.trainings import Relabelled

from bench.data import Split
from bench.errors import BenchError, UsageError
from bench.planning.plan import cells, plan
from bench.planning.request import Request
from bench.records.cells import Cell
from protocols import PROTOCOLS, Images
from protocols.splits import held_out

pytestmark = pytest.mark.slow


def planned(resources, name: str, method: str = "asl", holdout: int = 0, **options: object) -> Cell:
    percents = (50,) if PROTOCOLS.get(name).has_percent else ()
    overrides = {name: {option: str(value) for option, value in options.items()}}
    overrides |= {"asl": {"unknown": "negative"}} if method == "asl" else {}  # so that it takes every protocol
    sweep = Request((method,), percents, (3,), protocol=name, holdout=holdout, overrides=overrides)
    return next(cells(plan(sweep, resources.dataset)))


def options_for(name: str, resources, folder) -> dict[str, object]:
    """As strings on a command line; names in the files are those of the tiny scenes."""
    if name not in masks.WITH_FILES:
        return {}
    ids, full = resources.dataset.train.ids, resources.dataset.train.labels
    options = masks.WITH_FILES[name](full, 50, folder)
    for path in folder.glob("*.txt"):
        text = path.read_text()
        for made_up, real in zip(masks.named(len(full)).ids, ids, strict=True):
            text = text.replace(made_up, real)
        path.write_text(text)
    return vars(options)


@pytest.mark.parametrize("name", PROTOCOLS.names())
def test_the_mask_is_drawn_over_all_images_and_the_held_out_ones_are_taken_out_of_it(name, resources, tmp_path):
    options = options_for(name, resources, tmp_path)
    cell = planned(resources, name, holdout=25, **options)
    inputs, facts = resources.inputs(cell)
    train = resources.dataset.train
    protocol = PROTOCOLS.get(name)
    whole = protocol(protocol.Options(**options)).observe(train.labels, cell.percent, 3, Images(train.ids))
    kept, out = held_out(len(train), 25, 3)
    assert np.array_equal(inputs.observed[kept], whole[kept])
    assert not inputs.observed[out].any()
    assert np.array_equal(inputs.task.observed.cpu().numpy(), inputs.observed)
    assert facts.known == pytest.approx((whole[kept] != 0).mean())
    assert (facts.known_wrong == 0) == protocol.faithful
    other, same = resources.inputs(dataclasses.replace(cell, method=planned(resources, "full", "dualcoop").method))
    assert np.array_equal(other.observed, inputs.observed), "the method changes nothing"
    assert same == facts


@pytest.mark.parametrize("name", [*masks.WITH_FILES])
def test_a_files_content_is_in_the_key_and_its_place_is_not(name, resources, tmp_path):
    first, second = tmp_path / "first", tmp_path / "second"
    first.mkdir()
    options = options_for(name, resources, first)
    shutil.copytree(first, second)
    moved = {option: second / path.relative_to(first) for option, path in options.items()}
    cell, elsewhere = planned(resources, name, **options), planned(resources, name, **moved)
    assert cell.key == elsewhere.key
    assert cell == elsewhere
    assert str(tmp_path) not in json.dumps(cell.to_json())
    one, other = (resources.inputs(c)[0].observed for c in (cell, elsewhere))
    assert np.array_equal(one, other)
    for path in sorted(second.iterdir()):
        before = path.read_bytes()
        path.write_bytes(before + b"\n")
        assert planned(resources, name, **moved).key != cell.key
        path.write_bytes(before)
    assert planned(resources, name, **moved).key == cell.key


def test_options_without_a_file_are_in_the_key(resources):
    keys = {planned(resources, "noisy_negatives", noise=noise).key for noise in ("0.1", "0.2")}
    assert len(keys) == 2
    assert planned(resources, "noisy_negatives", noise="0.2").key == planned(resources, "noisy_negatives").key


@pytest.mark.parametrize("name", [*masks.WITH_FILES])
def test_a_missing_file_is_found_while_planning(name, resources, tmp_path):
    (option,) = (field.name for field in dataclasses.fields(PROTOCOLS.get(name).Options))
    with pytest.raises(UsageError, match=rf"--set {name}\.{option}="):
        planned(resources, name)
    with pytest.raises(BenchError, match="nowhere"):
        planned(resources, name, **{option: tmp_path / "nowhere"})


def test_official_positions_reach_the_protocol(resources, make_resources):
    """A dataset that dropped rows of the official list keeps the mask of the rows that are left."""
    train = resources.dataset.train
    cell = planned(resources, "hcp")
    whole = resources.inputs(cell)[0].observed
    rows = np.arange(len(train))
    shifted = Relabelled(resources.dataset, train.labels)
    shifted._train = Split(train.ids, train.labels, train.images, positions=rows + 5, official_count=len(train) + 9)
    observed = make_resources(shifted).inputs(cell)[0].observed
    draw = np.random.RandomState(3).random_sample((len(train) + 9, train.labels.shape[1]))
    assert np.array_equal(observed, np.where(draw[5 : len(train) + 5] < 0.5, train.labels, 0))
    assert np.array_equal(observed[:-5] != 0, whole[5:] != 0)
