"""VLPL: what its teacher finds, likely or least, is a soft positive or a pseudo-negative."""

import dataclasses

import numpy as np
import pytest
import torch
from helpers.toy_world import Data, build_task, hide
from torch import Tensor

from methods import METHODS, Batch
from methods.losses.unknown import entropy_maximization_loss


def teacher_shares(features: Tensor, texts: Tensor, scale: float) -> np.ndarray:
    x, t = (v.double().numpy() / np.linalg.norm(v.double().numpy(), axis=-1, keepdims=True) for v in (features, texts))
    exponents = np.exp(scale * x @ t.T)
    return exponents / exponents.sum(axis=-1, keepdims=True)


def test_vlpl_takes_what_clip_names_for_soft_positives(data: Data) -> None:
    vlpl = METHODS.get("vlpl")
    observed = hide(data.labels)
    model = vlpl(vlpl.Config(alpha=0.2, threshold=0.25), build_task(observed))
    with torch.no_grad():
        model.head.weight.normal_(generator=torch.Generator().manual_seed(0))
    share = teacher_shares(data.features.pooled, model.texts, 12.0)
    np.testing.assert_allclose(model.teacher(data.features).numpy(), share, rtol=1e-4, atol=1e-6)
    named = share > 0.25
    assert 0 < named.mean() < 1
    logits = model.logits(data.features).detach()
    p, y = 1 / (1 + np.exp(-logits.double().numpy())), observed.numpy()
    yes, no = -np.log(p + 1e-5), -np.log(1 - p + 1e-5)
    entries = np.where(named, 0.7 * (0.9 * yes + 0.1 * no), -0.2 * (p * yes + (1 - p) * no))
    entries = np.where(y == 1, yes, np.where(y == -1, no, entries))
    batch = Batch(data.features, observed, torch.arange(40))
    assert model.loss(batch)["loss_vlpl"].item() == pytest.approx(entries.mean(), rel=1e-4)

    model.config = dataclasses.replace(model.config, warmup=1)  # the first epoch is EM's
    alone = entropy_maximization_loss(logits, observed, alpha=0.2).item()
    assert model.loss(batch)["loss_vlpl"].item() == pytest.approx(alone, rel=1e-6)


def test_vlpls_pseudo_negatives_are_what_clip_finds_least(data: Data) -> None:
    """Two of five classes, also where they were named; known labels stay what they are."""
    vlpl = METHODS.get("vlpl")
    observed = hide(data.labels)
    model = vlpl(vlpl.Config(lowest=0.4, threshold=0.05, alpha=0.2), build_task(observed))
    with torch.no_grad():
        model.head.weight.normal_(generator=torch.Generator().manual_seed(0))
    share = teacher_shares(data.features.pooled, model.texts, 12.0)
    least = share.argsort(axis=1).argsort(axis=1) < 2
    assert (share[least] > 0.05).any()
    signs = np.where(least, -1, share > 0.05)
    np.testing.assert_array_equal(model.pseudo_labels(data.features).numpy(), signs)
    p, y = 1 / (1 + np.exp(-model.score(data.features).double().numpy())), observed.numpy()
    yes, no = -np.log(p + 1e-5), -np.log(1 - p + 1e-5)
    entries = np.where(signs == 1, 0.7 * (0.9 * yes + 0.1 * no), -0.2 * (p * yes + (1 - p) * no))
    entries = np.where(signs == -1, 0.2 * (0.1 * yes + 0.9 * no), entries)
    entries = np.where(y == 1, yes, np.where(y == -1, no, entries))
    batch = Batch(data.features, observed, torch.arange(40))
    assert model.loss(batch)["loss_vlpl"].item() == pytest.approx(entries.mean(), rel=1e-4)
    model.config = dataclasses.replace(model.config, variant="em_pl_asl")
    entries = np.where(signs == 1, (1 - p) ** 2 * yes, -((1 - p) ** 4) * (p * yes + (1 - p) * no))
    entries = np.where(signs == -1, p**4 * no, entries)
    entries = np.where(y == 1, (1 - p) ** 2 * yes, np.where(y == -1, p**4 * no, entries))
    assert model.loss(batch)["loss_vlpl"].item() == pytest.approx(entries.mean(), rel=1e-4)


def test_vlpls_dense_teacher_pools_each_class_where_it_is_likeliest(data: Data) -> None:
    vlpl = METHODS.get("vlpl")
    model = vlpl(vlpl.Config(teacher="dense", head="linear", pool="clip"), build_task(data.labels))
    assert vlpl.needs_dense(model.config)
    assert not vlpl.needs_dense(vlpl.Config(head="linear", pool="clip"))
    x, t = (v.double().numpy() / np.linalg.norm(v.double().numpy(), axis=-1, keepdims=True)
            for v in (data.features.dense, model.texts))  # fmt: skip
    maps = 12.0 * x @ t.T
    weights = np.exp(maps) / np.exp(maps).sum(axis=1, keepdims=True)
    pooled = np.exp((weights * maps).sum(axis=1))
    expected = pooled / pooled.sum(axis=-1, keepdims=True)
    np.testing.assert_allclose(model.teacher(data.features).numpy(), expected, rtol=1e-4, atol=1e-6)
