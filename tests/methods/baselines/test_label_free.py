"""CDUL and CoMC: targets, their steps, losses and scores by formula."""

import numpy as np
import pytest
import torch
from helpers.toy_world import Data, build_task, draw_toy_data

from methods import METHODS, Batch
from methods.baselines.cdul import first_targets, moved_targets, student_loss
from methods.baselines.comc import among_texts

CDUL, CoMC = METHODS.get("cdul"), METHODS.get("comc")
GENERATOR = torch.Generator().manual_seed(0)
U = torch.rand(6, 5, generator=GENERATOR, dtype=torch.float64) * 0.9 + 0.05
Z = torch.randn(6, 5, generator=GENERATOR, dtype=torch.float64)


def softmax(x: np.ndarray) -> np.ndarray:
    return np.exp(x) / np.exp(x).sum(axis=-1, keepdims=True)


def unit(x: np.ndarray) -> np.ndarray:
    return x / np.linalg.norm(x, axis=-1, keepdims=True)


def kl(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    return (one * np.log(one / other)).sum(axis=-1)


def test_first_targets_by_hand() -> None:
    whole, tiles = torch.tensor([[0.2, 0.8]]), torch.tensor([[[0.6, 0.4], [0.1, 0.3]]])
    np.testing.assert_allclose(first_targets(whole, tiles, 0.0, 0.0), [[0.4, 0.6]])
    np.testing.assert_allclose(first_targets(whole, tiles, 0.5, 0.0), [[0.4, 0.55]])
    np.testing.assert_allclose(first_targets(whole, tiles, 0.0, 0.5), [[0.5, 0.7]])


def test_a_step_of_the_targets_is_that_of_the_numerical_gradient() -> None:
    u, q = U.numpy(), softmax(Z.numpy())
    slope = np.zeros_like(u)
    for c in range(5):
        for sign in (1, -1):
            moved = u.copy()
            moved[:, c] += sign * 1e-6
            slope[:, c] += sign * kl(moved / moved.sum(axis=1, keepdims=True), q) / 2e-6
    density = np.exp(-((u - 0.5) ** 2) / 2) / np.sqrt(2 * np.pi)
    expected = 1 / (1 + np.exp(-(np.log(u / (1 - u)) - 0.7 * density * slope)))
    np.testing.assert_allclose(moved_targets(U, Z.log_softmax(dim=1), 0.7), expected, rtol=1e-6)
    assert moved_targets(U.round(), Z.log_softmax(dim=1), 0.7).isfinite().all()


def test_the_students_loss_is_the_formula() -> None:
    u, q = U.numpy(), softmax(Z.numpy())
    expected = kl(q, u / u.sum(axis=1, keepdims=True)).mean()
    assert student_loss(Z, U.float()).item() == pytest.approx(expected, rel=1e-5)


def test_targets_move_in_every_second_epoch_and_stay_an_images_own(data: Data) -> None:
    model = CDUL(CDUL.Config(every=2), build_task(torch.zeros_like(data.labels)))
    batch = Batch(data.features, torch.zeros_like(data.labels), torch.arange(40))
    kept = []
    for epoch in range(4):
        model.start_epoch(epoch)
        model.loss(batch)
        kept.append(model.targets.value.clone())
    start, moved, same, again = kept
    assert torch.equal(moved, same)
    assert not torch.equal(start, moved)
    assert not torch.equal(same, again)
    expected = moved_targets(start, model.logits(data.features).log_softmax(dim=1), 0.125)
    torch.testing.assert_close(moved, expected)
    x, texts = unit(data.features.pooled.double().numpy()), model.texts.double().numpy()
    tiles = unit(data.features.dense.double().numpy())  # a grid of 3 x 3: each tile is a token
    u = (softmax(12 * x @ texts.T) + softmax(12 * tiles @ texts.T).max(axis=1)) / 2
    np.testing.assert_allclose(start, u, rtol=1e-4)


def test_cduls_score_is_the_logit_of_its_chance() -> None:
    data = draw_toy_data(30, 2)
    model = CDUL(CDUL.Config(), build_task(torch.zeros_like(data.labels)))
    with torch.no_grad():
        model.head.weight.normal_()
    chance = model.logits(data.features).softmax(dim=1)
    torch.testing.assert_close(model.score(data.features), torch.logit(chance), rtol=1e-3, atol=1e-3)


def test_vectors_among_texts_are_the_formula() -> None:
    x, bank = Z.numpy(), unit(U.numpy())
    place = unit(softmax(100 * unit(x) @ bank.T) @ bank)
    expected = 0.7 * unit(x) + 0.3 * place
    result = among_texts(Z, torch.from_numpy(bank).float(), 100.0, 0.3)
    np.testing.assert_allclose(result, expected, rtol=1e-4, atol=1e-5)


def test_comcs_score_is_the_formula(data: Data) -> None:
    model = CoMC(CoMC.Config(), build_task(torch.zeros_like(data.labels)))
    w, bank = model.head.weight.detach().double().numpy(), model.texts.double().numpy()

    def read(vectors: torch.Tensor) -> np.ndarray:
        x = unit(vectors.double().numpy())
        return (0.7 * x + 0.3 * unit(softmax(12 * x @ bank.T) @ bank)) @ w.T

    expected = read(data.features.pooled) / 2 + read(data.features.dense).max(axis=1) / 2
    np.testing.assert_allclose(model.score(data.features), expected, rtol=1e-4, atol=1e-5)


def test_comc_trains_on_blurred_sentences() -> None:
    labels = torch.zeros(3, 5, dtype=torch.int8)
    model = CoMC(CoMC.Config(noise=0.0), build_task(labels))
    batch = Batch(draw_toy_data(3, 0).features, labels, torch.arange(3))
    torch.manual_seed(4)
    loss = model.loss(batch)["loss_ranking"].item()
    torch.manual_seed(4)
    rows = torch.randint(len(model.sentences), (3,))
    torch.testing.assert_close(model.sentences.norm(dim=1), torch.ones(len(model.sentences)))
    z = model.head(model.sentences[rows]).detach().double().numpy()
    total = 0.0
    for row, named in zip(z, model.labels_of_sentences[rows].numpy(), strict=True):
        total += sum(max(0, 1 - row[i] + row[j]) for i in np.flatnonzero(named > 0) for j in np.flatnonzero(named < 0))
    assert loss == pytest.approx(total / 3, rel=1e-5)
    torch.manual_seed(4)
    blurred = CoMC(CoMC.Config(noise=0.5), build_task(labels))
    blurred.load_state_dict(model.state_dict())
    torch.manual_seed(4)
    assert blurred.loss(batch)["loss_ranking"].item() != pytest.approx(loss, rel=1e-3)
