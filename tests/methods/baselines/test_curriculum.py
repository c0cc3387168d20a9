"""Curriculum labelling: when labels are added, which, and that known ones stay."""

import pytest
import torch
from helpers.toy_world import Data, build_task, fit, hide
from hypothesis import given
from hypothesis import strategies as st

from methods import METHODS, Batch
from methods.baselines.curriculum import AddedLabels, round_epochs
from methods.losses import partial_binary_cross_entropy

Curriculum = METHODS.get("curriculum")


def make(data: Data, **settings):
    return Curriculum(Curriculum.Config(**settings), build_task(data.labels))


@given(epochs=st.integers(0, 80), start=st.floats(0.01, 0.99), rounds=st.integers(1, 10))
def test_rounds_fit_into_the_epochs(epochs: int, start: float, rounds: int) -> None:
    """Never before the first epoch is over, never after the last has begun, all of them where there is room."""
    when = round_epochs(epochs, start, rounds)
    assert when == sorted(set(when))
    assert all(1 <= epoch < epochs for epoch in when)
    first = max(1, round(start * epochs))
    assert len(when) == min(rounds, max(epochs - first, 0))
    assert not when or when[0] == first


def test_added_labels_by_hand() -> None:
    observed = torch.tensor([[1, 0, 0], [0, 0, -1], [0, 0, 0]], dtype=torch.int8)
    actual = AddedLabels(observed)
    actual.remember(torch.tensor([1, 0]), torch.tensor([[2.5, -1.0, 9.0], [-5.0, 2.0, -3.0]]))
    actual.choose(observed, least=2.0)
    assert actual.added.tolist() == [[0, 1, -1], [1, 0, 0], [0, 0, 0]], "known stay theirs, unseen stay unknown"
    actual.remember(torch.tensor([0]), torch.tensor([[0.0, 0.1, -4.0]]))
    actual.choose(observed, least=2.0)
    assert actual.added.tolist() == [[0, 0, -1], [1, 0, 0], [0, 0, 0]], "what is not sure any more goes"
    # unknown and seen: 0.1, -4, 2.5, -1
    assert actual.sureness_of_share(observed, 0.5) == 2.5
    assert actual.sureness_of_share(observed, 1.0) == pytest.approx(0.1)
    assert actual.sureness_of_share(observed, 0.2) == float("inf")


def test_labels_are_those_of_the_epoch_before_the_round(data: Data) -> None:
    """Rounds after 1 and 2 of 3 epochs: unknown entries whose last logit was sure, with its sign."""
    data = data._replace(labels=hide(data.labels))
    model = make(data, epochs=3, rounds=2, threshold=0.05)
    assert model.rounds == [1, 2]
    model.train()
    model.start_epoch(0)
    assert model.pseudo.added.abs().sum() == 0
    rows = torch.arange(40)
    with torch.no_grad():
        model.head.bias.copy_(torch.tensor([-1.0, 1.0, 0.0, -0.04, 0.06]))
    model.loss(Batch(data.features, data.labels, rows))
    model.start_epoch(1)
    expected = torch.where(data.labels == 0, torch.tensor([-1, 1, 0, 0, 1]), 0)
    assert torch.equal(model.pseudo.added, expected.to(torch.int8))
    filled = data.labels + expected
    loss = model.loss(Batch(data.features, data.labels, rows))["loss_curriculum"]
    torch.testing.assert_close(loss, partial_binary_cross_entropy(model.logits(data.features), filled))


def test_a_growing_share_is_added(data: Data) -> None:
    data = data._replace(labels=hide(data.labels))
    model, unknown = make(data, epochs=6, rounds=3, strategy="share", share=0.2), (data.labels == 0).sum().item()
    counts = []
    honest = model.pseudo.choose

    def choose(*arguments) -> None:
        honest(*arguments)
        counts.append((model.pseudo.added != 0).sum().item())

    model.pseudo.choose = choose  # type: ignore[method-assign]
    fit(model, data, 6)
    assert counts == [int(share * unknown) for share in (0.2, 0.4, 0.6000000000000001)]


def test_added_labels_are_mostly_right_here_and_known_ones_are_never_touched(data: Data) -> None:
    observed = hide(data.labels)
    model = fit(make(data._replace(labels=observed), epochs=40, threshold=0.5), data._replace(labels=observed), 40)
    added = model.pseudo.added
    assert (added[observed != 0] == 0).all()
    assert (added != 0).float().mean() > 0.2
    assert (added == data.labels)[added != 0].float().mean() > 0.9


def test_nothing_is_added_without_rounds(data: Data) -> None:
    observed = hide(data.labels)
    model = fit(make(data._replace(labels=observed), epochs=1), data._replace(labels=observed), 1)
    assert model.rounds == []
    assert (model.pseudo.added == 0).all()
    assert model.pseudo.guesses.isnan().all(), "what no round reads is not kept up"
