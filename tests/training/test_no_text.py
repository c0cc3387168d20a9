"""A backbone without a text tower: what needs text is left out with its reason, the rest trains."""

import numpy as np
import pytest
import torch
from helpers.trainings import quiet, run

from bench.planning.plan import cells, open_dataset, plan
from bench.planning.request import Request
from bench.training.resources import Resources

pytestmark = pytest.mark.slow

OVERRIDES = {
    "scenes": {"n_train": 24, "n_test": 12},
    "resnet50": {"weights": "random", "image_size": "64"},
    "asl": {"epochs": "1", "batch_size": "12"},
}


@pytest.mark.parametrize("feed", ["plain", "live"])
def test_an_imagenet_resnet_trains_what_needs_no_text(feed, cache, tmp_path):
    """mmpretrain is imported here beside the runner's own registries."""
    overrides = {**OVERRIDES, **({"live": {"train": "last"}} if feed == "live" else {})}
    sweep = Request(("dualcoop", "asl"), (50,), backbone="resnet50", overrides=overrides, feed=feed)
    dataset = open_dataset(sweep, cache)
    skipped, entry = plan(sweep, dataset)
    assert (skipped.cell, skipped.skipped) == (None, "needs a text tower; backbone resnet50 has none")
    resources = Resources(dataset, torch.device("cpu"), cache, progress=quiet)
    [cell] = cells([skipped, entry])
    assert resources.inputs(cell)[0].task.text_tower is None
    outcome = run(cell, resources, tmp_path)
    assert outcome.logits.shape == (12, 20)
    assert np.isfinite(outcome.logits).all()
