"""TaI-DPT and its ensemble with DualCoOp: formulas in NumPy, and what each half may depend on."""

from pathlib import Path

import numpy as np
import pytest
import torch
from helpers.toy_world import Data, fit, hide
from hypothesis import given
from hypothesis import strategies as st

from methods import Batch, Features, Task
from methods.baselines.dualcoop_tai import DualCoOpTaI, DualCoOpTaIConfig
from methods.baselines.dualcoop_tai_dpt import DualCoOpTaIDPT, EnsembleConfig, ScoreRange
from methods.baselines.tai_dpt import TaIConfig, TaIDPT
from methods.losses import ranking_loss
from methods.text.sentences import TextImages


def naive_ranking(z: np.ndarray, y: np.ndarray, margin: float = 1.0) -> float:
    total = 0.0
    for scores, labels in zip(z, y, strict=True):
        total += sum(max(0.0, margin - p + n) for p in scores[labels == 1] for n in scores[labels == -1])
    return total / len(z)


def test_ranking_by_hand() -> None:
    """Pairs (0.5, 0) and (0.5, 1.25) are 0.5 and 1.75 short of the margin; the second row has no positive."""
    z, y = torch.tensor([[0.5, 0.0, 1.25, 9.0], [3.0, 2.0, 1.0, 0.0]]), torch.tensor([[1, -1, -1, 0], [-1, -1, 0, 0]])
    assert ranking_loss(z, y).item() == pytest.approx((0.5 + 1.75) / 2)


@given(st.integers(0, 10_000), st.floats(0.1, 3))
def test_ranking_is_the_sum_over_pairs(seed: int, margin: float) -> None:
    rng = np.random.default_rng(seed)
    z, y = rng.normal(size=(4, 6)) * 3, rng.integers(-1, 2, size=(4, 6))
    most = int((y == 1).sum(axis=1).max())
    for positives in (None, most, min(most + 1, 6)):
        loss = ranking_loss(torch.from_numpy(z), torch.from_numpy(y), positives=positives, margin=margin)
        assert loss.item() == pytest.approx(naive_ranking(z, y, margin), rel=1e-5, abs=1e-6)


def test_ranking_stays_finite_in_half_precision_and_at_the_extremes() -> None:
    z = torch.tensor([[30.0, -30.0, 0.0]], requires_grad=True)
    for labels in ([[-1, 1, 1]], [[0, 0, 0]], [[1, 1, 1]]):
        with torch.autocast("cpu", dtype=torch.bfloat16):
            loss = ranking_loss(z, torch.tensor(labels))
        assert loss.dtype == torch.float32
        z.grad = None
        loss.backward()
        assert loss.isfinite()
        assert z.grad.isfinite().all()


def normal(v: np.ndarray) -> np.ndarray:
    return v / np.linalg.norm(v, axis=-1, keepdims=True)


def softmax(v: np.ndarray) -> np.ndarray:
    return np.exp(v - v.max()) / np.exp(v - v.max()).sum()


def model_on(task: Task, kind: type = TaIDPT, **settings):
    torch.manual_seed(0)
    model = kind(kind.Config(**settings), task)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "contexts" in name:
                parameter.mul_(30)
    return model


def branches(pooled: np.ndarray, tokens: list[np.ndarray], model: TaIDPT, sharpness: float) -> list[np.ndarray]:
    """Global and local logits (B, C) of things with one vector and any number of tokens each."""
    whole, part = (normal(text.detach().double().numpy()) for text in model.texts())
    local = np.zeros((len(pooled), 5))
    for b, c in np.ndindex(*local.shape):
        cosines = normal(tokens[b]) @ part[c]
        local[b, c] = 4 * softmax(sharpness * cosines) @ cosines
    return [4 * normal(pooled) @ whole.T, local]


def test_images_are_scored_by_both_branches(task: Task, data: Data) -> None:
    model = model_on(task)
    dense, pooled = (part.double().numpy() for part in data.features)
    whole, part = branches(pooled, list(dense), model, sharpness=0.4 * 12)
    np.testing.assert_allclose(model.score(data.features).numpy(), (whole + part) / 2, atol=1e-4)
    uneven = model_on(task, global_share=0.2)
    np.testing.assert_allclose(uneven.score(data.features).numpy(), 0.2 * whole + 0.8 * part, atol=1e-4)


def test_sentences_are_ranked_by_both_branches(task: Task) -> None:
    """Over the tokens that a sentence has, start and end included, and no others."""
    model, rows = model_on(task), torch.tensor([0, 13, 30, 49])
    images, labels = model.bank(rows), model.bank.labels[rows].numpy()
    tokens = [t[there].double().numpy() for t, there in zip(images.tokens, images.present, strict=True)]
    assert len({len(t) for t in tokens}) > 1
    assert model.bank.most_named == (model.bank.labels > 0).sum(dim=1).max() == 2
    expected = branches(images.pooled.double().numpy(), tokens, model, sharpness=0.5 * 12)
    for logits, naive in zip(model.sentence_logits(images, *model.texts()), expected, strict=True):
        np.testing.assert_allclose(logits.detach().numpy(), naive, atol=1e-4)
        assert ranking_loss(logits, torch.from_numpy(labels)).item() == pytest.approx(
            naive_ranking(naive, labels), rel=1e-3
        )


def test_padding_does_not_count(task: Task) -> None:
    model = model_on(task)
    images = model.bank(torch.tensor([0, 13, 30, 49]))
    noise = torch.where(images.present[:, :, None], images.tokens, torch.randn_like(images.tokens))
    one = model.sentence_logits(images, *model.texts())
    other = model.sentence_logits(TextImages(noise, images.present, images.pooled), *model.texts())
    assert all(torch.equal(a, b) for a, b in zip(one, other, strict=True))


def test_only_the_size_of_a_batch_is_used(task: Task, data: Data) -> None:
    """Neither features nor labels: NaN in place of them changes nothing."""
    nothing = Features(*(torch.full_like(part, torch.nan) for part in data.features))
    losses = []
    for features, labels in ((data.features, data.labels), (nothing, torch.zeros_like(data.labels))):
        model = model_on(task)
        torch.manual_seed(3)
        losses.append(model.loss(Batch(features, labels, torch.arange(40))))
    assert losses[0] == losses[1]


def test_training_ranks_the_named_classes_of_sentences_higher(task: Task, data: Data) -> None:
    model = model_on(task, class_specific=True)

    def short() -> float:
        with torch.no_grad():
            whole, part = model.sentence_logits(model.bank(torch.arange(len(model.bank))), *model.texts())
        return (ranking_loss(whole, model.bank.labels) + ranking_loss(part, model.bank.labels)).item()

    before = short()
    fit(model, data, epochs=40, lr=5e-2)
    assert short() < 0.7 * before


def test_captions_are_trained_on_beside_the_templates(task: Task, tmp_path: Path) -> None:
    file = tmp_path / "captions.txt"
    file.write_text("kittens under a grey sky\n")
    plain, captioned = model_on(task), model_on(task, captions=file)
    assert captioned.bank.texts == (*plain.bank.texts, "kittens under a grey sky")
    assert captioned.bank.labels[-1].tolist() == [1, -1, -1, -1, 1]


# --- the ensemble


def trained(task: Task, data: Data, kind: type, **settings):
    model = model_on(task, kind, **settings)
    return fit(model, data, epochs=3, optimizer=torch.optim.Adam)


def test_dualcoop_learns_in_it_what_it_learns_alone(task: Task, data: Data) -> None:
    """The halves share no parameter and no gradient."""
    data = data._replace(labels=hide(data.labels))
    alone = trained(task, data, DualCoOpTaI)
    half = trained(task, data, DualCoOpTaIDPT).state_dict()
    assert {key for key in half if not key.startswith(("tai.", "range."))} == set(alone.state_dict())
    for key, value in alone.state_dict().items():
        torch.testing.assert_close(half[key], value, rtol=1e-4, atol=1e-5)


def test_the_sentence_half_does_not_see_labels(task: Task, data: Data) -> None:
    one, other = (
        trained(task, data._replace(labels=labels), DualCoOpTaIDPT).state_dict()
        for labels in (data.labels, -data.labels)
    )
    for key in one:
        if key.startswith("tai."):
            assert torch.equal(one[key], other[key])


def test_scores_are_mixed_after_normalising_by_the_training_images(task: Task, data: Data, unseen: Data) -> None:
    """At a rate of 0 the model stands still, so that ranges can be taken from its own scores of the training images."""
    model = model_on(task, DualCoOpTaIDPT)
    model.range.widen(torch.tensor([[[-1e3, 1e3]], [[-1e3, 1e3]]]))  # of an earlier epoch, which no longer counts
    fit(model, data, epochs=2, lr=0.0)
    texts = model.texts()
    train, test = (model.both(part.features, *texts).detach().double().numpy() for part in (data, unseen))
    low, high = train.min(axis=(1, 2)), train.max(axis=(1, 2))
    dualcoop, tai = (test - low[:, None, None]) / (high - low)[:, None, None]
    np.testing.assert_allclose(model.score(unseen.features).numpy(), 0.9 * dualcoop + 0.1 * tai, rtol=1e-3, atol=1e-4)
    scores = DualCoOpTaI.match(model, unseen.features, *texts[:2]), model.tai.match(unseen.features, *texts[2:])
    for one, other in zip(test, scores, strict=True):
        np.testing.assert_allclose(one, other.detach().numpy(), rtol=1e-5, atol=1e-6)


def test_a_share_of_one_ranks_as_dualcoop_does(task: Task, data: Data) -> None:
    model = trained(task, data, DualCoOpTaIDPT, dualcoop_share=1.0)
    alone = DualCoOpTaI.match(model, data.features, *model.texts()[:2])
    assert torch.equal(model.score(data.features).argsort(dim=0), alone.argsort(dim=0))


def test_ranges_are_those_of_one_epoch() -> None:
    ranges = ScoreRange(2)
    scores = torch.tensor([[[1.0, 3.0]], [[-2.0, 2.0]]])
    assert torch.equal(ranges(scores), scores), "nothing seen yet"
    ranges.widen(scores)
    ranges.widen(torch.tensor([[[5.0, 2.0]], [[0.0, 0.0]]]))
    torch.testing.assert_close(ranges(scores), torch.tensor([[[0.0, 0.5]], [[0.0, 1.0]]]))
    ranges.forget()
    ranges.widen(torch.tensor([[[1.0, 2.0]], [[0.0, 1.0]]]))
    torch.testing.assert_close(ranges(scores), torch.tensor([[[0.0, 2.0]], [[-2.0, 2.0]]]))
    assert set(ranges.state_dict()) == {"low", "high"}


def test_the_sentence_half_has_a_rate_of_its_own(task: Task) -> None:
    model = DualCoOpTaIDPT(EnsembleConfig(), task)
    (part,) = DualCoOpTaIDPT.lr_multipliers(model.config)
    assert {name for name, _ in model.named_parameters() if part in name} == {
        "tai.global_prompts.contexts",
        "tai.local_prompts.contexts",
    }
    assert DualCoOpTaIDPT.lr_multipliers(model.config)[part] * DualCoOpTaIConfig().lr == pytest.approx(TaIConfig().lr)
