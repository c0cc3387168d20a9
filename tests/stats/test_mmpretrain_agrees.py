"""Metrics against those of mmpretrain."""

import numpy as np
import pytest

from bench.stats.metrics import (
    average_precision,
    summary,
)


def drawn(seed: int, images: int = 60, classes: int = 7, ties: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """Scores float32 and labels (N, C) with at least one positive a class; `ties`: only five different scores."""
    rng = np.random.default_rng(seed)
    labels = np.where(rng.random((images, classes)) < 0.25, 1, -1).astype(np.int8)
    labels[rng.integers(images, size=classes), np.arange(classes)] = 1
    scores = rng.normal(size=labels.shape) + (labels == 1)
    return (scores.round() if ties else scores).astype(np.float32), labels


@pytest.fixture(scope="module")
def mmpretrain_metrics():
    try:
        from mmpretrain.evaluation import AveragePrecision, MultiLabelMetric
    except ImportError as error:
        pytest.skip(f"mmpretrain's metrics cannot be imported here: {error}")
    return AveragePrecision, MultiLabelMetric


@pytest.mark.parametrize("seed", range(5))
def test_mmpretrain_agrees_where_scores_do_not_tie(seed, mmpretrain_metrics):
    import torch

    reference, _ = mmpretrain_metrics
    scores, labels = drawn(seed)
    theirs = reference.calculate(torch.from_numpy(scores), torch.from_numpy((labels == 1).astype(int)), average=None)
    assert average_precision(scores, labels) == pytest.approx(theirs.numpy(), abs=1e-3)


@pytest.mark.parametrize(("suffix", "rule"), [("", {"thr": 0.0}), ("_top3", {"topk": 3})])
def test_mmpretrain_agrees_on_f1(suffix, rule, mmpretrain_metrics):
    import torch

    _, reference = mmpretrain_metrics
    scores, labels = drawn(0)
    target = torch.from_numpy((labels == 1).astype(int))
    metrics = summary(scores, labels)
    for average, name in (("macro", "CF1"), ("micro", "OF1")):
        theirs = reference.calculate(torch.from_numpy(scores), target, average=average, **rule)
        assert metrics[name + suffix] == pytest.approx(float(theirs[2]), abs=1e-3)
