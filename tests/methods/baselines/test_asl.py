"""The head baselines: what each pooling reads, and that the oracle is the same method with more labels."""

import pytest
import torch
from helpers.toy_world import Data, build_task, fit, hide
from torch.nn import functional as F

from methods import METHODS, Batch, Features, Task
from methods.baselines.asl import ASL, ASLConfig
from methods.baselines.oracle import Oracle
from methods.layers.heads import ClassAttentionHead, LinearHead, MLPHead, unit
from methods.losses import asymmetric_loss


def randomised(model: ASL) -> ASL:
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator))
    return model


def test_unit_features_have_root_mean_square_one() -> None:
    x = torch.tensor([[3.0, 4.0], [0.0, -2.0]])
    torch.testing.assert_close(unit(x), 2**0.5 * torch.tensor([[0.6, 0.8], [0.0, -1.0]]))


def test_linear_head_by_hand() -> None:
    head = LinearHead(dim=2, num_classes=1)
    with torch.no_grad():
        head.weight.copy_(torch.tensor([[1.0, 2.0]]))
        head.bias.fill_(0.5)
    assert head(torch.tensor([[30.0, 40.0]])).item() == pytest.approx(2**0.5 * (0.6 + 1.6) + 0.5)


def test_attention_that_looks_nowhere_is_the_mean_of_the_linear_head() -> None:
    torch.manual_seed(0)
    attention, linear = ClassAttentionHead(12, 5), LinearHead(12, 5)
    with torch.no_grad():
        attention.weight.normal_()
        attention.bias.normal_()
        linear.weight.copy_(attention.weight)
        linear.bias.copy_(attention.bias)
    tokens = torch.randn(3, 9, 12)
    torch.testing.assert_close(attention(tokens), linear(tokens).mean(dim=1))


def test_each_class_looks_where_its_query_points() -> None:
    head = ClassAttentionHead(4, 2)
    with torch.no_grad():
        head.query.copy_(100 * torch.eye(4)[:2])
        head.weight.copy_(torch.tensor([[1.0, 10, 0, 0], [1, 10, 0, 0]]))
    tokens = torch.eye(4)[None]  # token t points along axis t; at unit size it is 2
    torch.testing.assert_close(head(tokens), torch.tensor([[2.0, 20.0]]))


@pytest.mark.parametrize("head", ["linear", "mlp", "attention"])
@pytest.mark.parametrize("pool", ["clip", "mean"])
def test_each_head_reads_its_features_only(task: Task, data: Data, head: str, pool: str) -> None:
    config = ASLConfig(head=head, pool=pool)
    model = randomised(ASL(config, task))
    reads = "pooled" if (pool == "clip" and head != "attention") else "dense"
    assert ASL.needs_dense(config) == (reads == "dense")
    scores = model.score(data.features)
    assert scores.shape == (40, 5)
    for name in Features._fields:
        changed = data.features._replace(**{name: torch.randn_like(getattr(data.features, name))})
        assert torch.equal(model.score(changed), scores) == (name != reads)


def test_the_mean_is_taken_before_the_length_is_set(task: Task, data: Data) -> None:
    model = randomised(ASL(ASLConfig(head="linear", pool="mean"), task))
    mean = F.normalize(data.features.dense.mean(dim=1), dim=-1) * 12**0.5
    torch.testing.assert_close(model.score(data.features), mean @ model.head.weight.T + model.head.bias)


@pytest.mark.parametrize("unknown", ["ignore", "negative"])
def test_settings_reach_the_loss(task: Task, data: Data, unknown: str) -> None:
    settings = {"gamma_pos": 0.5, "gamma_neg": 3.0, "clip": 0.1, "unknown": unknown, "reduction": "mean/known"}
    model = randomised(ASL(ASLConfig(**settings), task))
    observed = hide(data.labels)
    loss = model.loss(Batch(data.features, observed, torch.arange(40)))["loss_asl"]
    torch.testing.assert_close(loss, asymmetric_loss(model.score(data.features), observed, **settings))


@pytest.mark.parametrize("head", ["linear", "mlp", "attention"])
def test_heads_start_without_an_opinion_whatever_the_seed(task: Task, data: Data, head: str) -> None:
    assert torch.equal(ASL(ASLConfig(head=head), task).score(data.features), torch.zeros(40, 5))


def test_mlp_head_by_hand() -> None:
    head = MLPHead(dim=2, num_classes=1, hidden=2)
    with torch.no_grad():
        head.inner.weight.copy_(torch.tensor([[1.0, 0.0], [-1.0, 0.0]]))
        head.inner.bias.fill_(0.5)
        head.outer.weight.copy_(torch.tensor([[2.0, 10.0]]))
        head.outer.bias.fill_(1.0)
    # unit([30, 40]) = sqrt(2) (0.6, 0.8); the second unit is off
    assert head(torch.tensor([[30.0, 40.0]])).item() == pytest.approx(2 * (2**0.5 * 0.6 + 0.5) + 1)


def test_the_oracle_is_asl_with_all_labels(data: Data) -> None:
    """Trained on the same labels they are the same; only what the harness hands them differs."""
    one, other = (fit(method(ASLConfig(), build_task(data.labels)), data, epochs=3) for method in (ASL, Oracle))
    assert torch.equal(one.score(data.features), other.score(data.features))
    assert (ASL.labels, Oracle.labels) == ("observed", "full")
    assert Oracle.Config is ASL.Config
    assert METHODS.get("oracle") is Oracle
