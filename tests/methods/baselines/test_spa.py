"""SPA: the link is where the expected loss is smallest, in the corrected form and not in the released one."""

import numpy as np
import pytest
import torch
from helpers.toy_world import Data, build_task

from methods import METHODS
from methods.losses.strictly_proper import Margins, link_logits, strictly_proper_loss

SPA = METHODS.get("spa")
GRID = torch.linspace(-12, 12, 4801)[:, None]


def expected_loss(chance: float, link_inside: bool) -> torch.Tensor:
    """At each score of GRID, where a label is positive with this chance."""

    def each(label: int) -> torch.Tensor:
        ones = torch.tensor([[label]])
        return torch.stack([strictly_proper_loss(z[None], ones, link_inside=link_inside) for z in GRID[::8]])

    return chance * each(1) + (1 - chance) * each(-1)


@pytest.mark.parametrize("chance", [0.1, 0.3, 0.5, 0.8])
def test_the_link_gives_the_chance_at_the_smallest_loss(chance: float) -> None:
    best = GRID[::8][expected_loss(chance, link_inside=False).argmin()]
    assert torch.sigmoid(link_logits(best, Margins())).item() == pytest.approx(chance, abs=0.01)


@pytest.mark.parametrize(("chance", "learned"), [(0.1, 0.20), (0.3, 0.63), (0.5, 0.95)])
def test_the_released_form_learns_other_chances(chance: float, learned: float) -> None:
    best = GRID[::8][expected_loss(chance, link_inside=True).argmin()]
    assert torch.sigmoid(link_logits(best, Margins())).item() == pytest.approx(learned, abs=0.01)


def test_the_link_is_the_formula() -> None:
    s = GRID.double().numpy()
    margins = Margins(1.5, 4.0, 1.2, 2.5, 0.3, 0.8)

    def sigmoid(x: np.ndarray) -> np.ndarray:
        return 1 / (1 + np.exp(-x))

    odds = (2.5 * 1.5 * sigmoid(2.5 * (s - 0.8))) / (1.2 * 4.0 * sigmoid(-1.2 * (s - 0.3)))
    chance = 1 / (1 + 1 / odds)
    np.testing.assert_allclose(torch.sigmoid(link_logits(GRID.double(), margins)), chance, rtol=1e-6)


def test_the_released_loss_of_a_positive_is_bounded() -> None:
    values = [strictly_proper_loss(z[None], torch.tensor([[1]]), link_inside=True).item() for z in GRID[::50]]
    assert min(values) == pytest.approx(0.3133, abs=1e-3)
    assert max(values) == pytest.approx(0.6931, abs=1e-3)


def test_scores_are_linked_and_rank_as_logits_do(data: Data) -> None:
    models = [SPA(SPA.Config(link_inside=inside), build_task(data.labels)) for inside in (False, True)]
    for model in models:
        with torch.no_grad():
            model.head.weight.normal_(generator=torch.Generator().manual_seed(0))
    linked, plain = (model.score(data.features) for model in models)
    torch.testing.assert_close(linked, link_logits(plain, Margins()))
    assert torch.equal(linked.argsort(dim=0), plain.argsort(dim=0))
