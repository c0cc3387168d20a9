"""BoostLU: positive activations are boosted before they are pooled, and its loss is that of its rule."""

import numpy as np
import pytest
import torch
from helpers.toy_world import Data, build_task, hide

from methods import METHODS, Batch
from methods.baselines.boostlu import boosted
from methods.losses.correction import large_loss


def test_boostlu_boosts_positive_activations_before_pooling(data: Data) -> None:
    maps = torch.tensor([[[1.0, -1.0], [-2.0, -3.0], [4.0, 0.0]]])
    assert boosted(maps, 5.0).tolist() == [[[5.0, -1.0], [-2.0, -3.0], [20.0, 0.0]]]
    boostlu = METHODS.get("boostlu")
    model = boostlu(boostlu.Config(), build_task(data.labels))
    with torch.no_grad():
        model.head.weight.normal_(generator=torch.Generator().manual_seed(0))
        model.head.bias.fill_(0.3)
    x = data.features.dense.double().numpy()
    x = x / np.linalg.norm(x, axis=-1, keepdims=True) * np.sqrt(x.shape[-1])
    activation = x @ model.head.weight.detach().double().numpy().T + 0.3
    expected = np.where(activation > 0, 5 * activation, activation).mean(axis=1)
    np.testing.assert_allclose(model.score(data.features).numpy(), expected, rtol=1e-4, atol=1e-4)
    training = model.train().logits(data.features).detach().numpy()
    np.testing.assert_allclose(training, expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("ll", ["ll_r", "ll_ct", "ll_cp", "none"])
def test_boostlus_loss_is_that_of_its_rule(ll: str, data: Data) -> None:
    boostlu, observed, rows = METHODS.get("boostlu"), hide(data.labels), torch.arange(40)
    model = boostlu(boostlu.Config(ll=ll, delta=2.0, epochs=10), build_task(observed))
    with torch.no_grad():
        model.head.weight.normal_(std=0.1, generator=torch.Generator().manual_seed(0))
    model.start_epoch(5)
    loss = model.loss(Batch(data.features, observed, rows))["loss_boostlu"]
    logits = model.score(data.features)
    share = {"ll_r": 0.1, "ll_ct": 0.1, "ll_cp": 0.02, "none": 0.0}[ll]
    torch.testing.assert_close(loss, large_loss(logits, observed, share=share, correct=ll != "ll_r")[0])
