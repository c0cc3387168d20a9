"""P-ASL and its selection: by hand, against ASL, and where the class prior comes from."""

import copy

import numpy as np
import pytest
import torch
from helpers.toy_world import Data, build_task, fit, hide

from methods import METHODS, Batch
from methods.baselines.csl import ClassPrior
from methods.losses import asymmetric_loss, doubtful_unknowns, partial_asymmetric_loss

CSL = METHODS.get("csl")
ROWS = torch.arange(40)


def make(data: Data, **settings):
    return CSL(CSL.Config(**settings), build_task(data.labels))


def test_p_asl_by_hand() -> None:
    """p = 3/4, 1/2, 1/4 for a known positive, a known negative and an unknown label: exponents 0, 1, 2."""
    z, y = torch.tensor([[np.log(3), 0.0, -np.log(3)]]), torch.tensor([[1, -1, 0]])
    expected = np.log(4 / 3) + 0.5 * np.log(2) + (1 / 16) * np.log(4 / 3)
    assert partial_asymmetric_loss(z, y).item() == pytest.approx(expected, rel=1e-5)
    dropped = partial_asymmetric_loss(z, y, left_out=torch.ones(1, 3, dtype=torch.bool))
    assert dropped.item() == pytest.approx(np.log(4 / 3) + 0.5 * np.log(2), rel=1e-5), "known labels always count"


def test_p_asl_with_equal_exponents_is_asl() -> None:
    generator = torch.Generator().manual_seed(0)
    z, y = 3 * torch.randn(7, 5, generator=generator), torch.randint(-1, 2, (7, 5), generator=generator)
    ours = partial_asymmetric_loss(z, y, gamma_pos=1.0, gamma_neg=3.0, gamma_unknown=3.0, clip=0.05)
    theirs = asymmetric_loss(z, y, gamma_pos=1, gamma_neg=3, clip=0.05, unknown="negative", reduction="sum")
    torch.testing.assert_close(ours, theirs)
    ours = partial_asymmetric_loss(z, y, gamma_pos=1.0, gamma_neg=3.0, clip=0.05, left_out=y == 0)
    theirs = asymmetric_loss(z, y, gamma_pos=1, gamma_neg=3, clip=0.05, unknown="ignore", reduction="sum")
    torch.testing.assert_close(ours, theirs)


@pytest.mark.parametrize("size", [-200.0, -30.0, 30.0, 200.0])
def test_p_asl_is_finite_far_out(size: float) -> None:
    z = torch.full((2, 3), size, requires_grad=True)
    loss = partial_asymmetric_loss(z, torch.tensor([[1, -1, 0], [0, 0, 0]]), gamma_pos=0.5, gamma_neg=0.5)
    loss.backward()
    assert loss.isfinite()
    assert z.grad.isfinite().all()


def test_the_likeliest_unknown_labels_of_the_whole_batch_are_left_out() -> None:
    z = torch.tensor([[3.0, 9.0, 2.0], [1.0, -1.0, 2.5]])
    y = torch.tensor([[0, 1, 0], [0, 0, -1]])
    doubtful = doubtful_unknowns(z, y, prior=None, prior_threshold=1.0, topk=1)  # 1 x B = 2 of 3, 2, 1, -1
    assert doubtful.tolist() == [[True, False, True], [False, False, False]]
    assert not doubtful_unknowns(z, y, prior=None, prior_threshold=1.0, topk=0).any()
    everything = doubtful_unknowns(z, y, prior=None, prior_threshold=1.0, topk=50)
    assert torch.equal(everything, y == 0)


def test_unknown_labels_of_likely_classes_are_left_out() -> None:
    y = torch.tensor([[0, 1, 0], [0, 0, -1]])
    doubtful = doubtful_unknowns(
        torch.zeros(2, 3), y, prior=torch.tensor([0.1, 0.6, 0.05]), prior_threshold=0.05, topk=0
    )
    assert doubtful.tolist() == [[True, False, False], [True, True, False]], "above the threshold, not at it"


def test_nothing_unknown_leaves_nothing_out() -> None:
    y = torch.tensor([[1, -1], [-1, -1]])
    assert not doubtful_unknowns(torch.zeros(2, 2), y, prior=torch.ones(2), prior_threshold=0.05, topk=5).any()


def test_the_prior_is_the_mean_over_an_epoch() -> None:
    prior = ClassPrior(2)
    prior.turn()
    assert not prior.known, "nothing has been seen"
    prior.add(torch.tensor([[0.2, 0.4], [0.4, 0.4]]))
    prior.add(torch.tensor([[0.9, 0.1]]))
    assert not prior.known, "the epoch is not over"
    prior.turn()
    torch.testing.assert_close(prior.value, torch.tensor([0.5, 0.3]))
    prior.turn()
    torch.testing.assert_close(prior.value, torch.tensor([0.5, 0.3]))
    prior.add(torch.tensor([[1.0, 0.0]]))
    prior.turn()
    torch.testing.assert_close(prior.value, torch.tensor([1.0, 0.0]))


def test_the_prior_comes_from_a_head_that_ignores_unknown_labels(data: Data) -> None:
    """The prior's head is what `mode=ignore` trains, to the last bit; its mean sigmoid ranks the classes."""
    data = data._replace(labels=hide(data.labels))
    selective, ignoring = make(data, topk=1, prior_threshold=0.4), make(data, mode="ignore")
    fit(selective, data, 12)
    fit(ignoring, data, 12)
    for key, value in ignoring.head.state_dict().items():
        assert torch.equal(value, selective.prior_head.state_dict()[key])
    assert not torch.equal(selective.head.weight, selective.prior_head.weight)
    share = ((data.labels == 1).sum(dim=0) / (data.labels != 0).sum(dim=0)).float()
    assert (selective.prior.value - share).abs().max() < 0.2


def test_the_priors_head_does_not_score(data: Data) -> None:
    model = fit(make(data), data, 3)
    scores = model.score(data.features)
    with torch.no_grad():
        model.prior_head.weight.add_(1)
    assert torch.equal(model.score(data.features), scores)


def test_unknown_labels_are_left_out_until_there_is_a_prior(data: Data) -> None:
    observed = hide(data.labels)
    model = make(data, gamma_unknown=2.0, prior_threshold=0.05)
    batch = Batch(data.features, observed, ROWS)
    with torch.no_grad():
        model.head.bias.copy_(torch.tensor([0.1, 0.2, 0.3, 0.4, 0.5]))
    model.start_epoch(0)
    first = model.loss(batch)["loss_csl"]
    logits = model.logits(data.features)
    torch.testing.assert_close(first, partial_asymmetric_loss(logits, observed, left_out=observed == 0))
    model.start_epoch(1)
    with torch.no_grad():
        model.prior.value.copy_(torch.tensor([0.0, 0.9, 0.0, 0.0, 0.0]))
    left_out = doubtful_unknowns(logits, observed, prior=model.prior.value, prior_threshold=0.05, topk=5)
    assert left_out.any()
    second = model.loss(batch)["loss_csl"]
    torch.testing.assert_close(second, partial_asymmetric_loss(logits, observed, left_out=left_out))


@pytest.mark.parametrize(
    ("settings", "prior_head", "negatives"),
    [
        ({}, True, True),  # where no negative is known, the prior's head would find every class likely
        ({"mode": "ignore"}, False, True),
        ({"mode": "negative"}, False, False),
        ({"prior_threshold": 1.0}, False, False),
    ],
)
def test_modes_have_what_they_need(settings: dict, prior_head: bool, negatives: bool, data: Data) -> None:
    assert (make(data, **settings).prior_head is not None) == prior_head
    assert CSL.needs_negatives(CSL.Config(**settings)) == negatives


def test_negative_mode_takes_every_unknown_label_for_a_negative(data: Data) -> None:
    observed = hide(data.labels)
    batch = Batch(data.features, observed, ROWS)
    loss = make(data, mode="negative", gamma_unknown=1.0).loss(batch)["loss_csl"]
    filled = batch._replace(labels=torch.where(observed == 0, -1, observed))
    torch.testing.assert_close(loss, make(data, mode="negative").loss(filled)["loss_csl"])


def test_two_models_share_no_prior(data: Data) -> None:
    one = fit(make(data), data, 3)
    before = copy.deepcopy(one.state_dict())
    fit(make(data), data, 4)
    assert all(torch.equal(value, before[key]) for key, value in one.state_dict().items())


def test_ignore_normalize_classes_weighs_images_by_what_is_known(data: Data) -> None:
    labels = hide(data.labels)
    model = make(data, mode="ignore_normalize_classes", gamma_neg=0.0)
    with torch.no_grad():
        model.head.weight.normal_(generator=torch.Generator().manual_seed(0))
    z, y = model.score(data.features).double().numpy(), labels.numpy()
    entries = np.where(y == 1, np.logaddexp(0, -z), np.logaddexp(0, z)) * (y != 0)
    weight = 1 + 1 / (1 + (y != 0).sum(axis=1))
    terms = model.loss(Batch(data.features, labels, ROWS))
    assert set(terms) == {"loss_csl"}
    assert terms["loss_csl"].item() == pytest.approx((weight * entries.sum(axis=1)).sum(), rel=1e-5)
    assert CSL.needs_negatives(model.config)
