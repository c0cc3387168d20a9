"""Matching: one text meets one region, and nobody else's."""

import math

import pytest
import torch
from torch.nn import functional as F

from methods.trm_ml.matching import Matching, match
from methods.trm_ml.texts import Texts

B, C, D = 5, 4, 8
REGIONS, TEXT, NEGATIVE = (
    F.normalize(torch.randn(*size, D, generator=torch.Generator().manual_seed(seed)), dim=-1)
    for seed, size in enumerate([(B, C), (C,), (C,)])
)


def test_value_against_loops() -> None:
    expected = [[sum(REGIONS[i, c, d] * TEXT[c, d] for d in range(D)) for c in range(C)] for i in range(B)]
    torch.testing.assert_close(match(REGIONS, TEXT), torch.tensor(expected))


def test_a_text_meets_its_own_region_alone() -> None:
    changed = TEXT.clone()
    changed[1] = NEGATIVE[1]
    same = torch.tensor([True, False, True, True])
    assert torch.equal((match(REGIONS, changed) == match(REGIONS, TEXT)).all(dim=0), same)
    moved = REGIONS.clone()
    moved[:, 1] = REGIONS[:, 2]
    assert torch.equal((match(moved, TEXT) == match(REGIONS, TEXT)).all(dim=0), same)


@pytest.mark.parametrize(("bias", "size"), [("none", 0), ("shared", 1), ("class", C)])
@pytest.mark.parametrize("negative", [None, NEGATIVE])
def test_logits(bias: str, size: int, negative: torch.Tensor | None) -> None:
    matching = Matching(C, 20.0, bias=bias)
    likeness = match(REGIONS, TEXT) - (0 if negative is None else match(REGIONS, negative))
    torch.testing.assert_close(matching(REGIONS, Texts(TEXT, negative)), 20 * likeness)
    if size:
        assert matching.bias.shape == (size,)
        matching.bias.data += 0.5
        torch.testing.assert_close(matching(REGIONS, Texts(TEXT, negative)), 20 * likeness + 0.5)
    assert matching.log_scale.item() == pytest.approx(math.log(20))
