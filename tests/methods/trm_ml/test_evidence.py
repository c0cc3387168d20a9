"""Evidence: more like its own category and less like the others is more evidence."""

import itertools

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from methods.trm_ml.evidence import prototype_evidence

B, C, D = 6, 4, 8


def unit(*size: int, seed: int = 0) -> torch.Tensor:
    return F.normalize(torch.randn(*size, generator=torch.Generator().manual_seed(seed)), dim=-1)


REGIONS, VISUAL, TEXT, NEGATIVE = unit(B, C, D), unit(C, D, seed=1), unit(C, D, seed=2), unit(C, D, seed=3)
SEEN = torch.tensor([True, True, False, True])
NEGATIVE_SEEN = torch.tensor([True, False, True, True])
SWITCHES = list(itertools.product(("visual", "text", "both"), (False, True), (False, True)))


def naive(i: int, c: int, modality: str, inter: bool, negative: bool) -> float:
    """The definition, one entry at a time."""
    r = REGIONS[i, c].double().numpy()
    visual, text, unlike = (x.double().numpy() for x in (VISUAL, TEXT, NEGATIVE))

    def likeness(k: int, target: np.ndarray) -> float:
        if modality == "text" or not SEEN[c]:
            return r @ text[k]
        return r @ target[k] if modality == "visual" else (r @ target[k] + r @ text[k]) / 2

    rivals = [k for k in range(C) if k != c and (modality == "text" or SEEN[k] or not SEEN[c])]
    against = [likeness(k, visual) for k in rivals] if inter else []
    if negative and modality != "text" and NEGATIVE_SEEN[c] and SEEN[c]:
        against.append(likeness(c, unlike))
    return likeness(c, visual) - (max(against) if against else 0.0)


@pytest.mark.parametrize(("modality", "inter", "negative"), SWITCHES)
def test_values_against_loops(modality: str, inter: bool, negative: bool) -> None:
    extra = (NEGATIVE, NEGATIVE_SEEN) if negative else ()
    sigma = prototype_evidence(REGIONS, VISUAL, SEEN, TEXT, *extra, modality=modality, inter=inter)
    expected = [[naive(i, c, modality, inter, negative) for c in range(C)] for i in range(B)]
    np.testing.assert_allclose(sigma.numpy(), expected, atol=1e-5)


@pytest.mark.parametrize(("modality", "inter", "negative"), SWITCHES)
def test_finite_whatever_has_been_seen(modality: str, inter: bool, negative: bool) -> None:
    for has_prototype in itertools.product((False, True), repeat=C):
        extra = (NEGATIVE, torch.tensor(has_prototype[::-1])) if negative else ()
        sigma = prototype_evidence(
            REGIONS, VISUAL, torch.tensor(has_prototype), TEXT, *extra, modality=modality, inter=inter
        )
        assert sigma.isfinite().all()


@pytest.mark.parametrize(("modality", "inter", "negative"), SWITCHES)
def test_grows_on_the_way_to_the_own_prototypes(modality: str, inter: bool, negative: bool) -> None:
    directions = torch.eye(2 * C, 2 * C)
    visual, text, unlike = directions[:C], F.normalize(directions[:C] + 0.5 * directions[C:], dim=-1), directions[C:]
    extra = (unlike, torch.ones(C, dtype=torch.bool)) if negative else ()
    away = F.normalize(torch.ones(2 * C) + 0.1 * unit(B, C, 2 * C), dim=-1)
    has_prototype = torch.ones(C, dtype=torch.bool)
    evidence = [
        prototype_evidence(F.normalize(torch.lerp(away, visual, share), dim=-1), visual, has_prototype, text, *extra,
                           modality=modality, inter=inter)
        for share in (0.0, 0.3, 0.6, 0.9)
    ]  # fmt: skip
    assert all((later > earlier).all() for earlier, later in itertools.pairwise(evidence))


def test_order_of_classes_does_not_matter() -> None:
    p = torch.tensor([2, 0, 3, 1])
    one = prototype_evidence(REGIONS, VISUAL, SEEN, TEXT, NEGATIVE, NEGATIVE_SEEN)
    other = prototype_evidence(REGIONS[:, p], VISUAL[p], SEEN[p], TEXT[p], NEGATIVE[p], NEGATIVE_SEEN[p])
    torch.testing.assert_close(one[:, p], other)


def test_a_single_class() -> None:
    sigma = prototype_evidence(REGIONS[:, :1], VISUAL[:1], SEEN[:1], TEXT[:1])
    assert sigma.shape == (B, 1)
    assert sigma.isfinite().all()
