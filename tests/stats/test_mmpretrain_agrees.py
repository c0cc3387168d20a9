"""Metrics against those of mmpretrain."""

import pytest
from helpers.drawn_scores import drawn_with_positives

from bench.stats.metrics import (
    average_precision,
    summary,
)


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
    scores, labels = drawn_with_positives(seed)
    theirs = reference.calculate(torch.from_numpy(scores), torch.from_numpy((labels == 1).astype(int)), average=None)
    assert average_precision(scores, labels) == pytest.approx(theirs.numpy(), abs=1e-3)


@pytest.mark.parametrize(("suffix", "rule"), [("", {"thr": 0.0}), ("_top3", {"topk": 3})])
def test_mmpretrain_agrees_on_f1(suffix, rule, mmpretrain_metrics):
    import torch

    _, reference = mmpretrain_metrics
    scores, labels = drawn_with_positives(0)
    target = torch.from_numpy((labels == 1).astype(int))
    metrics = summary(scores, labels)
    for average, name in (("macro", "CF1"), ("micro", "OF1")):
        theirs = reference.calculate(torch.from_numpy(scores), target, average=average, **rule)
        assert metrics[name + suffix] == pytest.approx(float(theirs[2]), abs=1e-3)
