"""Query2Label and ML-Decoder: what their queries see, whom they answer for, and what the loss is divided by."""

import math

import pytest
import torch
from helpers.toy_world import GRID, Data, build_task, hide
from torch.nn import functional as F

from bench.errors import UsageError
from bench.settings.conversion import build
from methods import Batch, Features
from methods.baselines.ml_decoder import GroupDecoder, MLDecoder, MLDecoderConfig
from methods.baselines.query2label import Query2Label, Query2LabelConfig, QueryDecoder
from methods.layers.heads import unit
from methods.layers.position import sine_position

DECODER = {
    "hidden": 16, "ffn": 2, "heads": 4, "encoder_layers": 1, "decoder_layers": 2, "self_attention": False,
    "dropout": 0.1,
}  # fmt: skip
GROUPS = {"hidden": 16, "ffn": 32, "heads": 2, "dropout": 0.1}
TOKENS = torch.randn(4, GRID[0] * GRID[1], 12, generator=torch.Generator().manual_seed(0))


def query_decoder(**settings: object) -> QueryDecoder:
    torch.manual_seed(1)
    return QueryDecoder(12, 5, GRID, **{**DECODER, **settings}).eval()


def test_query2label_is_an_encoder_then_decoders_from_a_state_of_zero() -> None:
    head, position = query_decoder(), sine_position(GRID, 16)
    x = head.encoder[0](head.project(unit(TOKENS)), position)
    state = torch.zeros(4, 5, 16)
    for layer in head.decoder:
        state, _ = layer(state, head.queries, x, position)
    expected = torch.einsum("bch,ch->bc", head.norm(state), head.weight) + head.bias
    torch.testing.assert_close(head(TOKENS), expected)


def test_query2label_without_a_width_has_no_projection() -> None:
    head = query_decoder(hidden=0)
    assert not list(head.project.parameters())
    assert head.queries.shape == (5, 12)
    assert head.encoder[0].feed_forward[0].weight.shape == (24, 12)


def test_classes_see_each_other_only_if_asked() -> None:
    for self_attention in (False, True):
        head = query_decoder(self_attention=self_attention)
        before = head(TOKENS)
        with torch.no_grad():
            head.queries[0] += 1
        changed = (head(TOKENS) != before).any(dim=0)
        assert changed[0]
        assert changed[1:].all() == self_attention
        assert changed[1:].any() == self_attention


def test_where_a_token_stands_matters_to_query2label_alone() -> None:
    turned = TOKENS.flip(1)
    head = query_decoder()
    assert not torch.allclose(head(turned), head(TOKENS), atol=1e-4)
    torch.manual_seed(1)
    group = GroupDecoder(12, 5, **GROUPS, queries=100).eval()
    torch.testing.assert_close(group(turned), group(TOKENS))


@pytest.mark.parametrize(
    ("classes", "most", "queries", "group"), [(5, 100, 5, 1), (5, 2, 2, 3), (7, 3, 3, 3), (6, 3, 3, 2)]
)
def test_ml_decoders_queries_answer_for_groups_of_classes(classes: int, most: int, queries: int, group: int) -> None:
    torch.manual_seed(1)
    head = GroupDecoder(12, classes, **GROUPS, queries=most).eval()
    assert head.queries.shape == (queries, 16)
    assert not head.queries.requires_grad
    x = F.relu(head.project(unit(TOKENS)))
    state, _ = head.decoder(head.norm(2 * head.queries), None, x, None)
    for c in range(classes):
        expected = state[:, c // group] @ head.weight[c] + head.bias[c]
        torch.testing.assert_close(head(TOKENS)[:, c], expected)


@pytest.mark.parametrize(("method", "gammas"), [(Query2Label, (0, 2, 0.0)), (MLDecoder, (0, 4, 0.05))])
def test_the_loss_is_the_mean_over_known_labels(method: type, gammas: tuple, data: Data) -> None:
    labels = hide(data.labels)
    torch.manual_seed(0)
    model = method(method.Config(dropout=0.0), build_task(labels)).eval()
    logits = model.score(data.features)
    p, (positive, negative, shift) = torch.sigmoid(logits), gammas
    q = (1 - p + shift).clamp(max=1)
    entries = torch.where(labels > 0, -((1 - p) ** positive) * p.log(), -((1 - q) ** negative) * q.log())
    loss = model.loss(Batch(data.features, labels, torch.arange(40)))[f"loss_{method.name}"]
    torch.testing.assert_close(loss, entries[labels != 0].mean())


def test_query2labels_official_reduction_is_a_thousandth_of_batch_and_classes(data: Data) -> None:
    labels = hide(data.labels)
    losses = []
    for settings in ({"reduction": "sum"}, {"reduction": "mean", "loss_weight": 1000.0}):
        torch.manual_seed(0)
        model = Query2Label(Query2LabelConfig(dropout=0.0, **settings), build_task(labels))
        losses.append(model.loss(Batch(data.features, labels, torch.arange(40)))["loss_query2label"])
    torch.testing.assert_close(losses[1], losses[0] / 40 / 5 * 1000)


@pytest.mark.parametrize(("config", "wrong"), [
    (Query2LabelConfig, {"hidden": "30", "heads": "4"}), (MLDecoderConfig, {"hidden": "100", "heads": "8"}),
])  # fmt: skip
def test_heads_must_divide_the_width(config: type, wrong: dict) -> None:
    with pytest.raises(UsageError, match="multiple of heads"):
        build(config, wrong, owner="m")


def test_scores_do_not_depend_on_the_pooled_vector(data: Data) -> None:
    for method in (Query2Label, MLDecoder):
        torch.manual_seed(0)
        model = method(method.Config(), build_task(data.labels))
        other = Features(data.features.dense, torch.randn_like(data.features.pooled))
        assert torch.equal(model.score(other), model.score(data.features))


@pytest.mark.parametrize(("method", "eps"), [(Query2Label, 1e-5), (MLDecoder, 1e-8)])
def test_the_smallest_chance_in_the_logarithm_is_the_official_one(method: type, eps: float, data: Data) -> None:
    model = method(method.Config(), build_task(data.labels))
    far = torch.full((1, 5), -40.0)
    batch = Batch(data.features, torch.tensor([[1, 0, 0, 0, 0]], dtype=torch.int8), torch.arange(1))
    assert model.objective(far, batch).item() == pytest.approx(-math.log(eps), rel=1e-5)
