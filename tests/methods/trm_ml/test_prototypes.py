"""Prototypes: moved by known labels and by nothing else."""

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from methods.trm_ml.prototypes import Prototypes, update_prototypes

B, C, D = 6, 4, 8


def unit(*size: int, seed: int = 0) -> torch.Tensor:
    return F.normalize(torch.randn(*size, generator=torch.Generator().manual_seed(seed)), dim=-1)


def some_labels(seed: int = 0) -> torch.Tensor:
    return torch.randint(-1, 2, (B, C), generator=torch.Generator().manual_seed(seed)).to(torch.int8)


def snapshot(prototypes: Prototypes) -> dict[str, torch.Tensor]:
    return {name: value.clone() for name, value in prototypes.state_dict().items()}


@pytest.mark.parametrize("seed", range(3))
def test_unknown_entries_change_nothing_bitwise(seed: int) -> None:
    labels = some_labels(seed)
    one, other = (Prototypes(unit(C, D, seed=9), 0.9) for _ in range(2))
    for step in range(3):
        regions = unit(B, C, D, seed=10 + step)
        disturbed = torch.where((labels == 0)[..., None], unit(B, C, D, seed=50 + step), regions)
        one.update(regions, labels, unit(C, D))
        other.update(disturbed, labels, unit(C, D))
    after = snapshot(other)
    assert all(torch.equal(value, after[name]) for name, value in snapshot(one).items())


def test_nothing_known_moves_no_visual_prototype() -> None:
    prototypes = Prototypes(unit(C, D, seed=9), 0.9)
    prototypes.update(unit(B, C, D), some_labels(), unit(C, D))
    before = snapshot(prototypes)
    prototypes.update(unit(B, C, D, seed=5), torch.zeros(B, C, dtype=torch.int8), unit(C, D))
    after = snapshot(prototypes)
    assert all(torch.equal(before[name], after[name]) for name in before if name != "text")


def test_classes_without_a_chosen_region_stay_bitwise_where_they_are() -> None:
    chosen = torch.zeros(B, C, dtype=torch.bool)
    chosen[:, 0] = True
    old, updates = unit(C, D), torch.full((C,), 3.0)
    new, _ = update_prototypes(old, updates, unit(B, C, D, seed=1), chosen, 0.5)
    assert torch.equal(new[1:], old[1:])
    assert not torch.equal(new[0], old[0])


def test_the_first_sight_sets_a_prototype() -> None:
    regions, labels = unit(B, C, D), torch.full((B, C), 1, dtype=torch.int8)
    prototypes = Prototypes(unit(C, D, seed=9), 0.99)
    prototypes.update(regions, labels, unit(C, D))
    torch.testing.assert_close(prototypes.positive, F.normalize(regions.mean(dim=0), dim=-1))
    assert prototypes.has_positive.all()
    assert not prototypes.has_negative.any()


def test_order_of_images_does_not_matter() -> None:
    labels, regions = some_labels(), unit(B, C, D)
    order = torch.randperm(B)
    start = (unit(C, D, seed=2), torch.full((C,), 3.0))
    one, _ = update_prototypes(*start, regions, labels == 1, 0.9)
    other, _ = update_prototypes(*start, regions[order], (labels == 1)[order], 0.9)
    torch.testing.assert_close(one, other)


def test_values_against_loops() -> None:
    momentum, prototypes = 0.6, Prototypes(unit(C, D, seed=9), 0.6)
    history: dict[tuple[int, int], list[np.ndarray]] = {}
    for step in range(5):
        regions, labels = unit(B, C, D, seed=step), some_labels(step)
        prototypes.update(regions, labels, unit(C, D))
        for c in range(C):
            for sign in (1, -1):
                shown = [regions[i, c].double().numpy() for i in range(B) if labels[i, c] == sign]
                if shown:
                    mean = np.mean(shown, axis=0)
                    history.setdefault((sign, c), []).append(mean / np.linalg.norm(mean))
    for (sign, c), means in history.items():
        value = means[0]
        for n, mean in enumerate(means[1:], start=1):
            m = min(momentum, n / (n + 1))
            value = m * value + (1 - m) * mean
            value /= np.linalg.norm(value)
        kept = prototypes.positive if sign == 1 else prototypes.negative
        np.testing.assert_allclose(kept[c].numpy(), value, atol=1e-5)


def test_a_rare_class_does_not_stay_at_its_first_sight() -> None:
    """Ten sights with a momentum of 0.99: all ten count alike, not the first for nine tenths."""
    sights = F.normalize(unit(D) + 0.7 * unit(10, 1, D, seed=4), dim=-1)
    prototypes = Prototypes(unit(1, D), 0.99)
    for sight in sights:
        prototypes.update(sight[None], torch.ones(1, 1, dtype=torch.int8), unit(1, D))
    mean = F.normalize(sights.mean(dim=0), dim=-1)
    assert (sights[0] * mean).sum() < 0.95
    assert (prototypes.positive * mean).sum() > 0.99


def test_text_prototypes_start_at_the_template_and_follow() -> None:
    template, learned = unit(C, D), unit(C, D, seed=1)
    prototypes = Prototypes(template, 0.5)
    assert torch.equal(prototypes.text, template)
    for _ in range(30):
        prototypes.update(unit(B, C, D), some_labels(), learned)
    torch.testing.assert_close(prototypes.text, learned, atol=1e-4, rtol=0)


def test_no_gradient_is_kept() -> None:
    regions = unit(B, C, D).requires_grad_()
    prototypes = Prototypes(unit(C, D), 0.9)
    prototypes.update(regions, some_labels(), unit(C, D))
    assert not prototypes.positive.requires_grad
