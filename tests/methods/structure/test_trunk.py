"""Decoupling, graph and adjacency against naive loops; words from the text tower and from GloVe files."""

from pathlib import Path

import numpy as np
import pytest
import torch
from helpers.toy_world import NAMES, Data, build_task, hide

from bench.errors import DataError
from methods.baselines.ssgrl import SSGRL
from methods.structure import StructureConfig, decoupling
from methods.structure.adjacency import adjacency
from methods.structure.decoupling import SemanticDecoupling
from methods.structure.gated_graph import GatedGraph
from methods.structure.glove import glove_features


def draw(*size: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*size, generator=torch.Generator().manual_seed(seed))


def test_adjacency_counts_known_positives_alone() -> None:
    observed = torch.tensor([[1, 1, 0, -1], [1, -1, 0, 0], [1, 1, -1, 0], [0, 1, 0, -1]], dtype=torch.int8)
    expected = [[1, 2 / 3, 0, 0], [2 / 3, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]
    torch.testing.assert_close(adjacency(observed), torch.tensor(expected))


def test_adjacency_is_a_conditional_probability(data: Data) -> None:
    actual, labels = adjacency(hide(data.labels)).numpy(), hide(data.labels).numpy()
    for i in range(5):
        for j in range(5):
            rows = labels[labels[:, i] == 1]
            assert actual[i, j] == pytest.approx(1 if i == j else (rows[:, j] == 1).sum() / len(rows))


def naive_decoupling(part: SemanticDecoupling, x: np.ndarray, g: np.ndarray) -> np.ndarray:
    """One image's tokens (T, F) and words (C, W), position by position, both outer layers one after the other."""
    w1, w2, w3, w4 = (linear.weight.detach().numpy() for linear in (part.token, part.word, part.mix, part.score))
    features = []
    for word in g:
        e = np.array([(w4 @ (w3 @ np.tanh((w1 @ token) * (w2 @ word))))[0] for token in x])
        weights = np.exp(e - e.max())
        features.append(weights / weights.sum() @ x)
    return np.stack(features)


@pytest.mark.parametrize(("chunk", "keep"), [(2**22, 2**28), (1, 2**28), (200, 0)], ids=["whole", "class", "again"])
def test_semantic_decoupling(chunk: int, keep: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """In chunks of classes, kept or computed again, it is the same, and so are its gradients."""
    torch.manual_seed(0)
    part, tokens, words = SemanticDecoupling(6, 4, 8), draw(2, 7, 6), draw(3, 4, seed=1)
    whole = torch.autograd.grad(part(tokens, words).square().sum(), part.parameters())
    monkeypatch.setattr(decoupling, "PRODUCTS_AT_ONCE", chunk)
    monkeypatch.setattr(decoupling, "PRODUCTS_KEPT", keep)
    actual = part(tokens, words)
    for image in range(2):
        expected = naive_decoupling(part, tokens[image].numpy(), words.numpy())
        np.testing.assert_allclose(actual[image].detach().numpy(), expected, rtol=1e-4, atol=1e-6)
    torch.testing.assert_close(torch.autograd.grad(actual.square().sum(), part.parameters()), whole)


def test_one_step_of_the_gated_graph() -> None:
    torch.manual_seed(0)
    graph, h, a = GatedGraph(2, steps=1), draw(1, 3, 2), draw(3, 3, seed=1)
    (w1, w2, w3), (b1, b2, b3) = (
        np.split(part.detach().numpy(), 3) for part in (graph.message.weight, graph.message.bias)
    )
    (u1, u2), (c1, c2) = (np.split(part.detach().numpy(), 2) for part in (graph.gates.weight, graph.gates.bias))
    u3, c3 = graph.candidate.weight.detach().numpy(), graph.candidate.bias.detach().numpy()
    state, matrix = h[0].numpy(), a.numpy()

    def sigmoid(x: np.ndarray) -> np.ndarray:
        return 1 / (1 + np.exp(-x))

    for i in range(3):
        incoming = sum(matrix[i, j] * state[j] for j in range(3))
        outgoing = sum(matrix[j, i] * state[j] for j in range(3))
        m = np.concatenate([incoming, outgoing])
        z = sigmoid(w1 @ m + b1 + u1 @ state[i] + c1)
        r = sigmoid(w2 @ m + b2 + u2 @ state[i] + c2)
        g = np.tanh(w3 @ m + b3 + u3 @ (r * state[i]) + c3)
        expected = (1 - z) * state[i] + z * g
        np.testing.assert_allclose(graph(h, a)[0, i].detach().numpy(), expected, rtol=1e-4, atol=1e-6)


def test_steps_follow_each_other() -> None:
    torch.manual_seed(0)
    graph, h, a = GatedGraph(2, steps=1), draw(1, 3, 2), draw(3, 3, seed=1)
    thrice = graph(graph(graph(h, a), a), a)
    graph.steps = 3
    torch.testing.assert_close(graph(h, a), thrice)


def test_the_graph_is_built_from_what_the_method_is_given(data: Data) -> None:
    observed = hide(data.labels)
    model = SSGRL(StructureConfig(), build_task(observed))
    assert torch.equal(model.trunk.matrix, adjacency(observed))


VECTORS = {"cat": [1.0, 2.0], "traffic": [0.0, 4.0], "light": [2.0, 0.0], "dog": [3.0, 3.0], "potted": [1.0, 1.0],
           "plant": [3.0, 5.0], "sky": [-1.0, 0.5], "bus": [9.0, 9.0]}  # fmt: skip


def glove(folder: Path, **changes: object) -> Path:
    path = folder / "glove.txt"
    words = {**VECTORS, **changes}
    path.write_text("".join(f"{word} {' '.join(map(str, v))}\n" for word, v in words.items() if v is not None))
    return path


def test_a_class_is_the_mean_of_its_words(tmp_path: Path, data: Data) -> None:
    expected = torch.tensor([[1.0, 2.0], [1.0, 2.0], [3.0, 3.0], [2.0, 3.0], [-1.0, 0.5]])
    assert torch.equal(glove_features(glove(tmp_path), NAMES), expected)
    model = SSGRL(StructureConfig(glove=glove(tmp_path)), build_task(data.labels))
    assert torch.equal(model.trunk.words, expected)
    np.save(tmp_path / "words.npy", expected.numpy())
    assert torch.equal(glove_features(tmp_path / "words.npy", NAMES), expected)


@pytest.mark.parametrize(("changes", "sentence"), [
    ({"plant": None}, "the word 'plant' of class 'potted_plant'"),
    ({"dog": ["three", "words"]}, "cannot be read as a GloVe file"),
    ({"dog": [1.0, 2.0, 3.0]}, "'dog' has 3 numbers"),
])  # fmt: skip
def test_a_wrong_glove_file_is_one_sentence(changes: dict, sentence: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=sentence):
        glove_features(glove(tmp_path, **changes), NAMES)


def test_wrong_arrays_and_absent_files_are_one_sentence(tmp_path: Path) -> None:
    np.save(tmp_path / "words.npy", np.zeros((4, 300)))
    for name, sentence in (
        ("words.npy", "one row of numbers for each of 5"),
        ("none.npy", "array"),
        ("x.txt", "GloVe"),
    ):
        with pytest.raises(DataError, match=sentence):
            glove_features(tmp_path / name, NAMES)


def test_the_content_of_a_glove_file_counts_and_not_its_place(tmp_path: Path) -> None:
    path = glove(tmp_path)
    moved = path.rename(tmp_path / "elsewhere.txt")
    one = SSGRL.fingerprint(StructureConfig(glove=moved))
    assert one == SSGRL.fingerprint(StructureConfig(glove=glove(tmp_path)))
    assert one != SSGRL.fingerprint(StructureConfig(glove=glove(tmp_path, cat=[1.0, 2.5])))
    assert SSGRL.fingerprint(StructureConfig()) == ""
