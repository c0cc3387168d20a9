"""CAP: pseudo-labels by class shares, by hand and against a loop, and when they begin."""

import numpy as np
import pytest
import torch
from helpers.toy_world import Data, build_task, fit, hide

from methods import METHODS
from methods.baselines.cap import foretold_labels, shares

CAP = METHODS.get("cap")


def by_loop(scores: np.ndarray, positive: np.ndarray, negative: np.ndarray) -> np.ndarray:
    labels = np.zeros(scores.shape, np.int8)
    for c in range(scores.shape[1]):
        s = scores[:, c][~np.isnan(scores[:, c])]
        high, low = int(positive[c] * len(s)), int(negative[c] * len(s))
        for n, value in enumerate(scores[:, c]):
            if np.isnan(value):
                continue
            if low and value <= np.sort(s)[low - 1]:
                labels[n, c] = -1
            if high and value >= np.sort(s)[::-1][high - 1]:
                labels[n, c] = 1
    return labels


def test_foretold_labels_against_a_loop() -> None:
    """With ties, unseen entries, shares that reach no entry and ones that overlap."""
    rng = np.random.default_rng(0)
    scores = np.round(rng.normal(size=(30, 6)), 1)
    scores[rng.random(scores.shape) < 0.2] = np.nan
    scores[:, 5] = np.nan
    positive = np.array([0.3, 0.02, 1.0, 0.0, np.nan, 0.5])
    negative = np.array([0.6, 0.9, 0.5, 0.0, 0.4, 0.5])
    labels = foretold_labels(*(torch.from_numpy(a) for a in (scores, positive, negative))).numpy()
    np.testing.assert_array_equal(labels, by_loop(scores, np.nan_to_num(positive), negative))
    assert set(np.unique(labels)) == {-1, 0, 1}


def test_a_class_without_a_known_positive_makes_none() -> None:
    """The released code takes the -1st score from the top, the smallest, and with it all images."""
    observed = torch.tensor([[-1, 1], [-1, 0], [0, 0], [0, -1]])
    positive, negative = shares(observed)
    assert positive.tolist() == [0.0, 0.5]
    assert negative.tolist() == [1.0, 0.5]
    labels = foretold_labels(
        torch.tensor([[torch.nan, torch.nan], [torch.nan, 1.0], [2.0, 0.0], [3.0, torch.nan]]), positive, negative
    )
    assert labels.tolist() == [[0, 0], [0, 1], [-1, -1], [-1, 0]]


def test_pseudo_labels_begin_after_the_warm_up_and_keep_the_shares(data: Data) -> None:
    observed = hide(data.labels)
    model = CAP(CAP.Config(epochs=6, warmup_share=0.5, positive_share=0.5, negative_share=0.5), build_task(observed))
    starts = []

    class Watch(CAP):
        def start_epoch(self, epoch: int) -> None:
            super().start_epoch(epoch)
            starts.append(self.pseudo.added.clone())

    model.__class__ = Watch
    fit(model, data._replace(labels=observed), 6)
    assert [bool(added.any()) for added in starts] == [False, False, False, True, True, True]
    assert not starts[-1][observed != 0].any()
    positive, negative = (share.numpy() for share in shares(observed))
    unknown = (observed == 0).sum(dim=0).numpy()
    assert ((starts[-1] > 0).sum(dim=0).numpy() == (0.5 * positive * unknown).astype(int)).all()
    assert ((starts[-1] < 0).sum(dim=0).numpy() == (0.5 * negative * unknown).astype(int)).all()


def test_the_paper_stages_are_those_of_its_code() -> None:
    model = CAP(CAP.Config(epochs=40), build_task(torch.ones(3, 5, dtype=torch.int8)))
    assert model.first == 12
    assert CAP.recipes["paper"]["epochs"] == 40
    assert CAP.Config().negative_share == pytest.approx(0.998)
