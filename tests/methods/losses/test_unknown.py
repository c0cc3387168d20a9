"""Losses that maximise the entropy of unknown labels, and the methods that find soft labels for some: EM, APL, VLPL."""

import numpy as np
import pytest
import torch
from helpers.toy_world import Data, build_task, fit, hide
from hypothesis import given, settings
from hypothesis import strategies as st

from methods import METHODS, Batch
from methods.baselines.acknowledge_unknown import PseudoNegatives, lowest
from methods.losses.unknown import binary_entropy, entropy_maximization_loss

NAN = float("nan")


def loss_of(logit: float, label: int, soft: float = NAN, **options) -> tuple[float, float]:
    """Loss and its derivative for one entry."""
    z = torch.tensor([[logit]], requires_grad=True)
    loss = entropy_maximization_loss(z, torch.tensor([[label]]), soft=torch.tensor([[soft]]), **options)
    loss.backward()
    return loss.item(), z.grad.item()


@pytest.mark.parametrize(
    ("logit", "label", "soft", "expected"),
    [
        (0.0, 1, NAN, np.log(2)),
        (0.0, -1, NAN, np.log(2)),
        (np.log(3), -1, NAN, np.log(4)),
        (0.0, 0, NAN, -0.2 * np.log(2)),  # the largest entropy is the smallest loss
        (np.log(3), 0, NAN, -0.2 * (0.75 * np.log(4 / 3) + 0.25 * np.log(4))),
        (np.log(3), 0, 0.9, 0.7 * (0.9 * np.log(4 / 3) + 0.1 * np.log(4))),  # VLPL's pseudo-positive
        (np.log(3), 0, 0.25, 0.7 * (0.25 * np.log(4 / 3) + 0.75 * np.log(4))),  # APL's pseudo-negative
        (np.log(3), 1, 0.25, np.log(4 / 3)),  # what is known is not overruled
        (np.log(3), -1, 0.9, np.log(4)),
    ],
)
def test_entropy_maximization_by_hand(logit: float, label: int, soft: float, expected: float) -> None:
    assert loss_of(logit, label, soft, alpha=0.2, soft_weight=0.7)[0] == pytest.approx(expected, abs=5e-5)


def test_unknown_labels_are_drawn_to_one_half() -> None:
    """The sign trap: descending this loss must raise the entropy, from both sides."""
    assert loss_of(2.0, 0, alpha=0.1)[1] > 0
    assert loss_of(-2.0, 0, alpha=0.1)[1] < 0
    assert loss_of(0.0, 0, alpha=0.1)[1] == pytest.approx(0, abs=1e-6)
    z = torch.tensor([[3.0, -3.0]], requires_grad=True)
    before = binary_entropy(z).sum().item()
    entropy_maximization_loss(z, torch.zeros(1, 2), alpha=1.0).backward()
    assert binary_entropy(z - z.grad).sum().item() > before


def test_a_soft_label_is_where_its_loss_is_least() -> None:
    assert loss_of(float(torch.logit(torch.tensor(0.2))), 0, 0.2, alpha=1.0)[1] == pytest.approx(0, abs=1e-4)


def test_entropy_maximization_is_the_formula() -> None:
    generator = torch.Generator().manual_seed(0)
    z = 4 * torch.randn(7, 5, generator=generator)
    labels = torch.randint(-1, 2, (7, 5), generator=generator).to(torch.int8)
    soft = torch.where(torch.rand(7, 5, generator=generator) < 0.5, torch.rand(7, 5, generator=generator), NAN)
    p = 1 / (1 + np.exp(-z.double().numpy()))
    expected = 0.0
    for i, j in np.ndindex(7, 5):
        yes, no, s = -np.log(p[i, j] + 1e-5), -np.log(1 - p[i, j] + 1e-5), soft[i, j].item()
        if labels[i, j] == 1:
            expected += yes
        elif labels[i, j] == -1:
            expected += no
        elif not np.isnan(s):
            expected += 0.3 * (s * yes + (1 - s) * no)
        else:
            expected -= 0.1 * (p[i, j] * yes + (1 - p[i, j]) * no)
    loss = entropy_maximization_loss(z, labels, alpha=0.1, soft=soft, soft_weight=0.3)
    assert loss.item() == pytest.approx(expected / 35, rel=1e-5)
    total = entropy_maximization_loss(z, labels, alpha=0.1, soft=soft, soft_weight=0.3, reduction="sum")
    assert total.item() == pytest.approx(expected, rel=1e-5)


@settings(max_examples=60, deadline=None)
@given(
    logit=st.one_of(st.sampled_from([-1e4, -30.0, 30.0, 1e4]), st.floats(-60, 60, width=32)),
    label=st.sampled_from([-1, 0, 1]),
    soft=st.sampled_from([NAN, 0.0, 0.5, 1.0]),
)
def test_nothing_overflows(logit: float, label: int, soft: float) -> None:
    assert np.isfinite(loss_of(logit, label, soft, alpha=0.1)).all()


def test_the_lowest_of_each_class_first_come_first_served() -> None:
    scores = torch.tensor([[0.3, NAN], [0.1, 0.2], [0.3, 0.2], [NAN, 0.2], [0.9, 0.1]])
    chosen = lowest(scores, torch.tensor([2, 2]))
    assert chosen.tolist() == [[True, False], [True, True], [False, False], [False, False], [False, True]]
    everything = lowest(scores, torch.tensor([9, 0]))  # fewer to choose from than wanted
    assert torch.equal(everything, torch.stack([~scores[:, 0].isnan(), torch.zeros(5).bool()], dim=1))


def reference_rounds(observed: np.ndarray, chances: list[np.ndarray], of: int, proportion: float) -> np.ndarray:
    """Soft labels after each of the given epochs' chances, as the official loop over classes finds them."""
    soft = np.full(observed.shape, np.nan)
    unknown = (observed == 0).sum(axis=0)
    for chance in chances:
        for c in range(observed.shape[1]):
            free = [n for n in range(len(observed)) if observed[n, c] == 0 and np.isnan(soft[n, c])]
            for n in sorted(free, key=lambda n: chance[n, c])[: int(proportion * unknown[c] / of)]:
                soft[n, c] = chance[n, c]
    return soft


def test_pseudo_negatives_are_those_of_the_official_loop() -> None:
    generator = torch.Generator().manual_seed(1)
    observed = torch.randint(-1, 2, (40, 5), generator=generator).to(torch.int8)
    chances = [torch.rand(40, 5, generator=generator) for _ in range(3)]
    pseudo = PseudoNegatives(observed)
    for rounds, chance in enumerate(chances, start=1):
        for rows in torch.randperm(40, generator=generator).split(16):
            pseudo.remember(rows, chance[rows])
        pseudo.select(rounds, of=4, proportion=0.9)
        expected = reference_rounds(observed.numpy(), [c.numpy() for c in chances[:rounds]], of=4, proportion=0.9)
        np.testing.assert_array_equal(pseudo.soft.numpy(), expected.astype(np.float32))
        before = pseudo.soft.clone()
        pseudo.select(rounds, of=4, proportion=0.9)  # once more: a run that starts an epoch again
        assert torch.equal(pseudo.soft.nan_to_num(-1), before.nan_to_num(-1))
    assert (~pseudo.soft.isnan()).any(dim=0).all()
    assert pseudo.soft[observed != 0].isnan().all()


def test_images_that_training_does_not_show_get_no_pseudo_labels() -> None:
    """Held-out images have rows too, all unknown."""
    pseudo = PseudoNegatives(torch.zeros(10, 3, dtype=torch.int8))
    pseudo.remember(torch.arange(6), torch.rand(6, 3))
    pseudo.select(1, of=1, proportion=0.5)
    assert (~pseudo.soft.isnan()).sum(dim=0).tolist() == [3, 3, 3]  # half of the six shown
    assert pseudo.soft[6:].isnan().all()


def test_apl_labels_after_its_warm_up_a_growing_share(data: Data) -> None:
    """At 0.9 over the five last of ten epochs: int(0.9 * unknown / 5) more of each class before each of them."""
    observed = hide(data.labels)
    unknown = (observed == 0).sum(dim=0)
    model = METHODS.get("em_apl")(METHODS.get("em_apl").Config(epochs=10), build_task(observed))
    counts = []
    for epoch in range(10):
        model.start_epoch(epoch)
        counts.append((~model.pseudo.soft.isnan()).sum(dim=0))
        model.loss(Batch(data.features, observed, torch.arange(40)))
    assert all(not count.any() for count in counts[:5])
    for rounds, count in enumerate(counts[5:], start=1):
        assert torch.equal(count, rounds * (0.9 * unknown.double() / 5).long())


def test_apl_without_pseudo_negatives_is_em(data: Data) -> None:
    data = data._replace(labels=hide(data.labels))
    em, apl = METHODS.get("em"), METHODS.get("em_apl")
    one = fit(em(em.Config(epochs=4), build_task(data.labels)), data, 4)
    other = fit(apl(apl.Config(epochs=4, warmup_share=1.0), build_task(data.labels)), data, 4)
    assert torch.equal(one.score(data.features), other.score(data.features))
    result = fit(apl(apl.Config(epochs=4), build_task(data.labels)), data, 4)
    assert not torch.equal(result.score(data.features), one.score(data.features))
