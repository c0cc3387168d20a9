"""The floor: class frequencies of the observed labels, whatever the image."""

import numpy as np
import pytest
import torch
from helpers.toy_world import Data, build_task, hide

from bench.stats.metrics import mean_average_precision
from methods import METHODS

PRIOR = METHODS.get("prior")


def test_scores_are_log_odds_of_the_known_labels(data: Data) -> None:
    observed = torch.tensor([[1, 1, 0, -1, 0], [1, -1, 0, -1, 0], [0, -1, 0, -1, 1]], dtype=torch.int8)
    scores = PRIOR(PRIOR.Config(), build_task(observed)).score(data.features)
    expected = np.log([3 / 1, 2 / 3, 1 / 1, 1 / 4, 2 / 1])
    np.testing.assert_allclose(scores.numpy(), np.tile(expected, (40, 1)), rtol=1e-6)


def test_its_map_is_the_mean_share_of_positives(data: Data, unseen: Data) -> None:
    scores = PRIOR(PRIOR.Config(), build_task(hide(data.labels))).score(unseen.features)
    prevalence = 100 * (unseen.labels == 1).float().mean(dim=0).mean().item()
    assert mean_average_precision(scores.numpy(), unseen.labels.numpy()) == pytest.approx(prevalence, abs=1e-4)


def test_it_is_handed_no_tokens() -> None:
    assert not PRIOR.needs_dense(PRIOR.Config())
    assert not PRIOR.reads_images
