"""Biases at the start: zero, or the log-odds of the known labels, and nothing of what is hidden."""

import math

import numpy as np
import pytest
import torch
from helpers.toy_world import Data, build_task, fit, hide
from torch import Tensor

from methods import METHODS, Features, Method
from methods.layers.bias import BiasConfig, known_log_odds
from protocols import PROTOCOLS

WITH_BIAS = [name for name in METHODS.names() if issubclass(METHODS.get(name).Config, BiasConfig)]


def built(name: str, observed: Tensor, **settings: object) -> Method:
    method = METHODS.get(name)
    torch.manual_seed(0)
    return method(method.Config(**settings), build_task(observed)).eval()


def test_what_is_known_is_counted_and_what_is_unknown_is_not() -> None:
    observed = torch.tensor([[1, 0], [1, -1], [-1, 0], [0, 0]], dtype=torch.int8)
    expected = torch.tensor([math.log(3 / 2), math.log(1 / 2)])
    torch.testing.assert_close(known_log_odds(observed), expected)


def test_every_head_with_a_bias_offers_it() -> None:
    assert {"asl", "bce_iu", "csl", "oracle", "query2label", "ml_decoder", "boostlu", "sr_cr", "role"} <= set(WITH_BIAS)


@pytest.mark.parametrize("name", WITH_BIAS)
def test_logits_start_at_the_log_odds(name: str, data: Data) -> None:
    """Where a head's weights start at zero: of all images alike."""
    observed = hide(data.labels)
    method = built(name, observed, bias_init="prior")
    torch.testing.assert_close(method.head.bias.sign(), known_log_odds(observed).sign())
    if METHODS.get(name).family != "queries":
        zero = Features(*(torch.zeros_like(part[:3]) for part in data.features))
        torch.testing.assert_close(method.logits(zero).detach(), known_log_odds(observed).expand(3, -1))
    assert not built(name, observed).head.bias.any()


@pytest.mark.parametrize("head", ["attention", "linear", "mlp"])
def test_each_kind_of_head_starts_there(head: str, data: Data) -> None:
    method = built("asl", data.labels, head=head, bias_init="prior")
    torch.testing.assert_close(method.head.bias.detach(), known_log_odds(data.labels))


def test_without_any_known_negative_unknown_labels_are_the_negatives(data: Data) -> None:
    positives = torch.where(data.labels == 1, 1, 0).to(torch.int8)
    method = built("bce_an", positives, bias_init="prior")
    torch.testing.assert_close(method.head.bias.detach(), known_log_odds(data.labels))


def test_hidden_labels_change_no_start_and_no_training(data: Data) -> None:
    truth, protocol = data.labels.numpy(), PROTOCOLS.get("partial")()
    hidden = protocol.observe(truth, 30, seed=0) == 0
    states = []
    for labels in (truth, np.where(hidden, -truth, truth)):
        observed = torch.from_numpy(protocol.observe(labels, 30, seed=0))
        method = built("bce_iu", observed, bias_init="prior")
        fit(method, data._replace(labels=observed), epochs=1)
        states.append(method.state_dict())
    assert hidden.mean() > 0.5
    for name, value in states[0].items():
        assert torch.equal(value, states[1][name]), name


def test_the_second_head_of_csl_starts_there_too(data: Data) -> None:
    method = built("csl", data.labels, bias_init="prior")
    torch.testing.assert_close(method.prior_head.bias.detach(), known_log_odds(data.labels))
