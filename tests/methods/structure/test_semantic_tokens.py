"""CLSL's head against loops over images, positions and classes, and its loss."""

import numpy as np
import pytest
import torch
from helpers.loss_formulas import asymmetric, entry, recovered
from helpers.toy_world import Data, build_task, hide

from methods import METHODS, Batch

CLSL = METHODS.get("clsl")


def made(data: Data, **settings: object):
    labels = hide(data.labels)
    torch.manual_seed(0)
    return CLSL(CLSL.Config(hidden=8, heads=2, attention=6, **settings), build_task(labels)).eval(), labels


def gelu(x: np.ndarray) -> np.ndarray:
    return torch.nn.functional.gelu(torch.from_numpy(x)).numpy()


def softmax(x: np.ndarray, axis: int) -> np.ndarray:
    e = np.exp(x - x.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


def test_the_head_is_the_formula(data: Data) -> None:
    model, _ = made(data)
    head = model.head
    weights = {name: value.double().numpy() for name, value in head.state_dict().items()}
    with torch.no_grad():
        tokens = head._tokens(data.features.dense).double().numpy()
        fused, salient = (part.double().numpy() for part in head(data.features.dense))
    words = head.words.double().numpy()

    def linear(name: str, x: np.ndarray) -> np.ndarray:
        return x @ weights[f"{name}.weight"].T + weights.get(f"{name}.bias", 0)

    for x, fused_row, salient_row in list(zip(tokens, fused, salient, strict=True))[:4]:
        joined = linear("join", np.stack([np.concatenate([word, x.mean(axis=0)]) for word in words]))
        v = linear("meaning", gelu(joined / np.sqrt(1 + 1e-5)))  # batch normalisation before any training
        keys, class_keys = linear("token_key", x), linear("class_key", v)
        a = np.array([[weights["energy.weight"][0] @ np.tanh(k * c) for c in class_keys] for k in keys])
        f = np.concatenate([softmax(a, 1) @ v, x], axis=1)
        s = linear("narrow", gelu(linear("widen", f)))
        np.testing.assert_allclose(fused_row, (softmax(s, 0) * s).sum(axis=0), rtol=1e-3, atol=1e-5)
        np.testing.assert_allclose(salient_row, linear("salient", x).max(axis=0), rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize(("settings", "divisor"), [({}, "known"), ({"reduction": "sum", "loss_weight": 1000.0}, "one")])
def test_both_terms_are_the_formula_averaged_and_as_released(data: Data, settings: dict, divisor: str) -> None:
    model, labels = made(data, **settings)
    terms = model.loss(Batch(data.features, labels, torch.arange(40)))
    with torch.no_grad():
        fused, salient = model.head(data.features.dense)
    e = entry(fused, labels)
    known = (asymmetric(e, 0, 2, 0, 1e-5) * e.known).sum()
    factor = 1000 if divisor == "one" else 1
    expected = known * factor / (1 if divisor == "one" else e.known.sum())
    assert terms["loss_known"].item() == pytest.approx(expected, rel=1e-4)
    turned = entry(salient, labels)._replace(z=fused.double().numpy()[::-1])  # `recovered` reads its teacher reversed
    assert terms["loss_recovery"].item() == pytest.approx(0.8 * factor * recovered(turned), rel=1e-4)
