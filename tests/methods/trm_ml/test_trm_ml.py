"""The whole method on a toy world: it learns, from known labels alone, and can be stopped and resumed."""

import copy
import dataclasses

import pytest
import torch
from helpers.toy_world import Data, build_task, fit, total
from torch import Tensor
from torch.nn import functional as F

from methods import METHODS, Batch, Features, Task
from methods.losses import asymmetric_loss
from methods.pseudo_labels import PseudoLabels
from methods.trm_ml import TRMML, TRMConfig

pytestmark = pytest.mark.slow

SMALL = TRMConfig(n_ctx=2, ffn=8, warmup=1, dropout=0.0)


def make(task: Task, config: TRMConfig = SMALL, seed: int = 0) -> TRMML:
    torch.manual_seed(seed)
    return TRMML(config, task)


def hide(labels: Tensor, share: float = 0.5) -> Tensor:
    known = torch.rand(labels.shape, generator=torch.Generator().manual_seed(1)) < share
    return torch.where(known, labels, 0)


def ranked_right(scores: Tensor, labels: Tensor) -> float:
    """The share of (present, absent) pairs of images that each class ranks rightly, mean over classes."""
    shares = []
    for s, y in zip(scores.T, labels.T, strict=True):
        shares.append((s[y == 1][:, None] > s[y == -1][None]).float().mean().item())
    return sum(shares) / len(shares)


def test_is_registered_and_says_that_it_is_a_reconstruction() -> None:
    assert METHODS.get("trm_ml") is TRMML
    assert "reconstruction" in TRMML.note
    assert "reconstruction" in TRMML.flags


def test_learns_from_half_of_the_labels(data: Data, unseen: Data) -> None:
    features, labels = data
    observed = hide(labels)
    config = TRMConfig(n_ctx=2, ffn=8, warmup=5, dropout=0.0, kd="none")  # the toy's text tower has nothing to teach
    model = make(build_task(observed), config)
    before = ranked_right(model.score(unseen.features), unseen.labels)
    fit(model, Data(features, observed), 60, lr=5e-3)
    assert before < 0.6
    assert ranked_right(model.score(unseen.features), unseen.labels) > 0.8


def test_scores_and_attention_have_their_shapes(task: Task, data: Data) -> None:
    model = make(task).eval()
    scores, attention = model.score(data[0]), model.attention(data[0])
    assert scores.shape == data[1].shape
    assert scores.dtype == torch.float32
    assert attention.shape == (*data[1].shape, data[0].dense.shape[1])
    torch.testing.assert_close(attention.sum(dim=-1), torch.ones(data[1].shape))


def test_a_scorer_encodes_texts_once(task: Task, data: Data) -> None:
    model = make(task).eval()
    before = task.text.runs
    scorer = model.scorer()
    once = task.text.runs - before
    scorer(data[0]), scorer(data[0])
    assert task.text.runs - before == once


def test_a_score_does_not_depend_on_the_other_images(task: Task, data: Data) -> None:
    model = make(task).eval()
    alone = model.score(Features(data[0].dense[:1], data[0].pooled[:1]))
    torch.testing.assert_close(alone, model.score(data[0])[:1], atol=1e-5, rtol=1e-4)


def test_pseudo_labels_start_after_the_warm_up(data: Data) -> None:
    observed = hide(data[1])
    model = make(build_task(observed), TRMConfig(n_ctx=2, ffn=8, warmup=2, dropout=0.0))
    batch, shares = Batch(data[0], observed, torch.arange(len(observed))), []
    for epoch in range(4):
        model.start_epoch(epoch)
        model.recorder = PseudoLabels(*observed.shape)
        terms = model.loss(batch)
        shares.append(terms["pseudo_share"].item())
        signs = model.recorder.signs()
        assert (signs[observed.numpy() != 0] == 0).all()
        assert (signs != 0).sum() == round(shares[-1] * (observed == 0).sum().item())
    assert shares[0] == shares[1] == 0
    assert shares[2] > 0
    assert shares[3] > 0


def test_hidden_labels_are_not_there_to_be_used(data: Data) -> None:
    """What a hidden label was changes nothing, bit by bit."""
    labels = data[1]
    known = hide(labels) != 0
    states = []
    for truth in (labels, torch.where(known, labels, -labels)):
        observed = torch.where(known, truth, 0)
        states.append(fit(make(build_task(observed)), Data(data[0], observed), 3).state_dict())
    assert all(torch.equal(value.nan_to_num(), states[1][name].nan_to_num()) for name, value in states[0].items())


def test_unknown_images_leave_prototypes_alone(task: Task, data: Data) -> None:
    model = make(task)
    before = model.prototypes.positive.clone()
    model.loss(Batch(data[0], torch.zeros_like(data[1]), torch.arange(len(data[1]))))
    assert torch.equal(model.prototypes.positive, before)


def test_the_start_depends_on_torchs_seed_alone(task: Task) -> None:
    one, same, other = make(task), make(task), make(task, seed=1)
    assert all(
        torch.equal(value.nan_to_num(), same.state_dict()[name].nan_to_num())
        for name, value in one.state_dict().items()
    )
    assert any(
        not torch.equal(value.nan_to_num(), other.state_dict()[name].nan_to_num())
        for name, value in one.state_dict().items()
    )


def test_stopped_and_resumed_equals_straight(data: Data) -> None:
    """Everything that training needs is in the state dict, given the epoch."""
    observed = hide(data[1])
    task = build_task(observed)

    def epochs(model: TRMML, optimizer: torch.optim.Optimizer, which: range) -> None:
        for epoch in which:
            model.start_epoch(epoch)
            for index in torch.arange(len(observed)).split(20):
                features = Features(data[0].dense[index], data[0].pooled[index])
                loss = total(model.loss(Batch(features, observed[index], index)))
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()

    def sgd(model: TRMML) -> torch.optim.Optimizer:
        return torch.optim.SGD([p for p in model.parameters() if p.requires_grad], lr=0.05)

    straight = make(task)
    epochs(straight, sgd(straight), range(4))
    first = make(task)
    epochs(first, sgd(first), range(2))
    resumed = make(task, seed=5)
    resumed.load_state_dict(copy.deepcopy(first.state_dict()))
    epochs(resumed, sgd(resumed), range(2, 4))
    other = resumed.state_dict()
    assert all(
        torch.equal(value.nan_to_num(), other[name].nan_to_num()) for name, value in straight.state_dict().items()
    )


def test_a_loaded_model_gives_the_same_pseudo_labels(data: Data) -> None:
    observed = hide(data.labels)
    config = TRMConfig(n_ctx=2, ffn=8, warmup=1, pseudo_precision=0.5)
    model = fit(make(build_task(observed), config), Data(data.features, observed), 3)
    loaded = make(build_task(observed), config, seed=5)
    loaded.load_state_dict(model.state_dict())
    loaded.epoch = model.epoch
    evidence = torch.linspace(-1, 1, observed.numel()).view(observed.shape)
    assert model.pseudo_labels(evidence, observed).unique().tolist() == [-1, 0, 1]
    assert torch.equal(loaded.pseudo_labels(evidence, observed), model.pseudo_labels(evidence, observed))


def test_a_copy_shares_the_text_tower_and_nothing_else(task: Task) -> None:
    model = make(task)
    twin = copy.deepcopy(model)
    assert twin.texts._unowned.text is task.text
    assert twin.prototypes.positive.data_ptr() != model.prototypes.positive.data_ptr()
    assert not any("text.tokens" in name for name in model.state_dict())


@pytest.mark.parametrize("assume", [0.0, 1.0])
def test_single_positive_labels(data: Data, assume: float) -> None:
    """No negative is known: unknown ones stand in for them where asked, and training stays finite either way."""
    features, labels = data
    first = (labels == 1).int().argmax(dim=1)
    observed = torch.zeros_like(labels)
    rows = (labels == 1).any(dim=1)
    observed[rows, first[rows]] = 1
    model = make(build_task(observed), TRMConfig(n_ctx=2, ffn=8, warmup=1, assume_negative=assume))
    fit(model, Data(features, observed), 4)
    terms = model.loss(Batch(features, observed, torch.arange(len(labels))))
    assert ("loss_assumed" in terms) == bool(assume)
    assert all(value.isfinite() for value in terms.values())
    assert model.score(features).isfinite().all()
    assert model.thresholds.upper.isfinite().any()


def test_negatives_are_assumed_only_where_none_is_known(data: Data) -> None:
    observed, everything = hide(data.labels), torch.arange(len(data.labels))
    assert "loss_assumed" not in make(build_task(observed)).loss(Batch(data.features, observed, everything))
    observed[:, 0] = observed[:, 0].clamp(min=0)  # the first class has known positives alone
    model = make(build_task(observed), dataclasses.replace(SMALL, supervised="mean")).eval()
    expected = -(observed[:, :1] == 0).to(torch.int8) * F.one_hot(torch.tensor(0), observed.shape[1]).to(torch.int8)
    loss = asymmetric_loss(model.score(data.features), expected, gamma_pos=1, gamma_neg=2, clip=0.05)
    torch.testing.assert_close(model.loss(Batch(data.features, observed, everything))["loss_assumed"], loss)
    assert loss > 0


def test_a_class_and_a_batch_without_any_label(data: Data) -> None:
    observed = hide(data[1])
    observed[:, 2] = 0
    observed[:20] = 0
    model = make(build_task(observed))
    model.recorder = PseudoLabels(*observed.shape)
    fit(model, Data(data[0], observed), 4)
    assert model.score(data[0]).isfinite().all()
    assert all(value.isfinite().all() for name, value in model.named_parameters())
    signs = model.recorder.signs()
    assert signs.any()
    assert (signs[:, 2] == 0).all()


@pytest.mark.parametrize("settings", [{"layers": 2}, {"init": "xavier"}, {"pseudo_score": "logit"}, {"mlp": "both"},
    {"pseudo_rule": "fixed", "pseudo_score": "logit"}, {"contexts": "template", "query": "embed"},
    {"class_specific": False}, {"templates": "ensemble"}, {"reduction": "mean/known"}], ids=str)  # fmt: skip
def test_other_choices_train(task: Task, data: Data, settings: dict) -> None:
    model = fit(make(task, TRMConfig(**{"n_ctx": 2, "ffn": 8, "warmup": 1} | settings)), data, 2)
    assert model.score(data[0]).isfinite().all()
