"""SCPNet: its graph, thresholds and consistency loss against formulas written anew, and what a view may change."""

import numpy as np
import pytest
import torch
from helpers.toy_world import Data, build_task, fit, hide
from torch import Tensor
from torch.nn import functional as F

from methods import Batch, Features, Task
from methods.baselines.scpnet import (
    SCPNet,
    SCPNetConfig,
    consistency_loss,
)
from methods.losses.correction import splc_loss
from methods.structure.class_activation import ClassActivation
from methods.structure.relations import GraphConvolutions, relation_graph, relation_targets, top_relations

SIMILARITY = torch.tensor([[1.0, 0.5, 0.3, 0.1], [0.5, 1.0, 0.2, 0.4], [0.3, 0.2, 1.0, 0.9], [0.1, 0.4, 0.9, 1.0]])


def test_the_class_itself_and_its_nearest_are_its_top_relations() -> None:
    expected = torch.tensor([[1, 1, 0, 0], [1, 1, 0, 0], [0, 0, 1, 1], [0, 0, 1, 1]], dtype=torch.bool)
    assert torch.equal(top_relations(SIMILARITY, 2), expected)
    uneven = SIMILARITY - 0.1 * torch.eye(4)  # a cosine with itself is rounded too
    assert torch.equal(top_relations(uneven, 2), expected)
    assert torch.equal(uneven, SIMILARITY - 0.1 * torch.eye(4)), "the argument stays as it was"


def test_the_graph_by_hand() -> None:
    graph = relation_graph(SIMILARITY, top=3, self_weight=0.8)
    row = torch.tensor([0.8, 0.2 * 0.5 / 0.8, 0.2 * 0.3 / 0.8, 0.0])
    torch.testing.assert_close(graph[0], row)
    torch.testing.assert_close(graph.sum(dim=1), torch.ones(4))


def test_a_class_without_relatives_keeps_to_itself() -> None:
    graph = relation_graph(SIMILARITY, top=1, self_weight=0.8)
    torch.testing.assert_close(graph, 0.8 * torch.eye(4))


def test_the_targets_are_a_softmax_of_the_graph_over_the_top_relations() -> None:
    """Of the re-weighted adjacency, not of the raw relation."""
    graph, mask = relation_graph(SIMILARITY, 2, 0.8), top_relations(SIMILARITY, 2)
    rows = np.exp(graph.numpy() / 0.2) * mask.numpy()
    torch.testing.assert_close(
        relation_targets(graph, mask, 0.2), torch.from_numpy(rows / rows.sum(axis=1, keepdims=True))
    )


def test_graph_convolutions_by_hand() -> None:
    graph = torch.tensor([[0.8, 0.2], [0.2, 0.8]])
    layers = GraphConvolutions(graph, dim=3)
    nodes = torch.randn(2, 3)
    x = nodes.numpy()
    for number, layer in enumerate(layers.layers):
        x = graph.numpy() @ (x @ layer.weight.detach().numpy().T)
        x = np.where(x > 0, x, 0.2 * x) if number < 2 else x
    torch.testing.assert_close(layers(nodes), torch.from_numpy(x), rtol=1e-4, atol=1e-6)


def test_graph_convolutions_start_as_officially() -> None:
    """Uniform up to 1 / sqrt(outputs): each weight's spread tells it from nn.Linear's 1 / sqrt(inputs)."""
    torch.manual_seed(0)
    for layer, outputs in zip(GraphConvolutions(torch.eye(2), dim=64).layers, (128, 128, 64), strict=True):
        assert layer.weight.abs().max().item() == pytest.approx(outputs**-0.5, rel=0.01)
        assert layer.weight.std().item() == pytest.approx((3 * outputs) ** -0.5, rel=0.05)


def test_thresholds_rise_with_a_class_s_pseudo_labels() -> None:
    memory = ClassActivation(images=10, num_classes=4, hard_k=2)
    start = 0.95 * 0.25 / 1.75
    torch.testing.assert_close(memory.thresholds(), torch.full((4,), start))
    chance = torch.zeros(8, 4)
    chance[:, 0], chance[:4, 1] = 1, 1
    memory.choose(chance, torch.zeros(8, 4), torch.arange(1, 9))
    level = np.maximum(np.array([8, 4, 0, 0]) / max(8, 2 * 10 - 12), 1 / 4)
    torch.testing.assert_close(memory.thresholds(), torch.tensor(0.95 * level / (2 - level), dtype=torch.float32))


def test_pseudo_labels_are_the_most_probable_that_pass_and_what_is_given() -> None:
    memory = ClassActivation(images=6, num_classes=4, hard_k=2)
    chance = torch.tensor([[0.9, 0.8, 0.7, 0.0], [0.1, 0.05, 0.0, 0.0], [0.9, 0.8, 0.1, 0.0]])
    labels = torch.tensor([[0, 0, 0, 1], [0, 0, 0, 0], [-1, 0, 0, 0]])
    pseudo, confident = memory.choose(chance, labels, torch.tensor([5, 0, 3]))
    assert pseudo.int().tolist() == [[1, 1, 0, 1], [0, 0, 0, 0], [0, 1, 0, 0]], "a known negative is none"
    assert confident.tolist() == [True, False, True]
    assert torch.equal(memory.pseudo[[5, 0, 3]], pseudo)
    assert memory.pseudo.sum() == pseudo.sum()


def test_an_image_without_pseudo_labels_keeps_its_last_for_the_counts() -> None:
    memory = ClassActivation(images=3, num_classes=4, hard_k=1)
    nothing, rows = torch.zeros(2, 4), torch.tensor([2, 0])
    memory.choose(torch.tensor([[0.9, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.8]]), nothing, rows)
    pseudo, confident = memory.choose(nothing, nothing, rows)
    assert not pseudo.any()
    assert not confident.any()
    assert memory.pseudo.int().tolist() == [[0, 0, 0, 1], [0, 0, 0, 0], [1, 0, 0, 0]]
    memory.choose(nothing, torch.tensor([[0, 1, 0, 0], [0, 0, 0, 0]]), rows)
    assert memory.pseudo.int().tolist() == [[0, 0, 0, 1], [0, 0, 0, 0], [0, 1, 0, 0]]
    assert torch.equal(memory.count, memory.pseudo.sum(dim=0)), "counts follow their table"


def test_consistency_is_the_formula() -> None:
    torch.manual_seed(0)
    logits, q, confident = torch.randn(5, 4), torch.rand(5, 4), torch.tensor([1, 0, 1, 1, 0]).bool()
    pseudo, relations = torch.rand(5, 4) > 0.5, torch.rand(4, 4).softmax(dim=1)
    p, y, soft = torch.sigmoid(logits).numpy(), pseudo.numpy(), q.numpy() @ relations.numpy().T
    expected = sum(
        -(y[b] * np.log(p[b]) + (1 - y[b]) * np.log(1 - p[b])).sum()
        - 2 * (soft[b] * np.log(p[b]) + (1 - soft[b]) * np.log(1 - p[b])).sum()
        for b in range(5)
        if confident[b]
    )
    loss = consistency_loss(logits, q, pseudo, confident, relations, relation_weight=2.0)
    assert loss.item() == pytest.approx(expected, rel=1e-5)
    extreme = consistency_loss(30 * logits.sign(), q, pseudo, confident, relations, relation_weight=2.0)
    assert extreme.isfinite()


def losses(model: SCPNet, batch: Batch) -> dict[str, Tensor]:
    model.activation.pseudo.zero_()
    model.activation.count.zero_()
    return {name: value.detach() for name, value in model.loss(batch).items()}


def test_the_whole_is_its_parts(task: Task, data: Data) -> None:
    """z = 10 cos(x, F + GCN(F)); SPLC of it, summed, and 0.125 of the consistency loss; a slower rate for the graph."""
    torch.manual_seed(0)
    model, labels = SCPNet(SCPNetConfig(token_drop=0.0), task), hide(data.labels)
    text = model.prompts().detach()
    classes = text + model.graph(text).detach()
    cosine = F.normalize(data.features.pooled, dim=-1) @ F.normalize(classes, dim=-1).T
    torch.testing.assert_close(model.score(data.features), 10 * cosine, rtol=1e-4, atol=1e-5)
    memory = ClassActivation(40, 5, hard_k=2)
    chance = torch.sigmoid(10 * cosine)
    consistency = consistency_loss(
        10 * cosine, chance, *memory.choose(chance, labels, torch.arange(40)), model.relations, 1.0
    )
    for epoch in (0, 1):
        model.start_epoch(epoch)
        terms = losses(model, Batch(data.features, labels, torch.arange(40)))
        splc, _ = splc_loss(10 * cosine, labels, correct=epoch == 1)
        torch.testing.assert_close(terms["loss_splc"], splc, rtol=1e-4, atol=1e-4)
        torch.testing.assert_close(terms["loss_consistency"], 0.125 * consistency, rtol=1e-4, atol=1e-4)
    assert SCPNet.lr_multipliers(SCPNetConfig()) == {"graph": pytest.approx(1e-5 / 3e-5)}


@pytest.mark.parametrize("image", ["pooled", "dense"])
def test_the_strong_view_of_the_run_is_used_and_only_for_consistency(task: Task, data: Data, image: str) -> None:
    model = SCPNet(SCPNetConfig(image=image, token_drop=0.0), task)
    labels, rows = hide(data.labels), torch.arange(40)
    alone = losses(model, Batch(data.features, labels, rows))
    same = losses(model, Batch(data.features, labels, rows, strong=data.features))
    torch.testing.assert_close(alone, same)
    noisy = Features(*(part + torch.randn_like(part) for part in data.features))
    other = losses(model, Batch(data.features, labels, rows, strong=noisy))
    assert torch.equal(other["loss_splc"], same["loss_splc"])
    assert not torch.isclose(other["loss_consistency"], same["loss_consistency"])


def test_the_memory_is_a_part_of_the_state(data: Data) -> None:
    observed = hide(data.labels)
    task = build_task(observed)
    torch.manual_seed(0)
    model = fit(SCPNet(SCPNetConfig(), task), data._replace(labels=observed), epochs=2)
    positives = model.state_dict()["activation.pseudo"][observed > 0]
    assert positives.all(), "given positives are always among the pseudo-labels"
