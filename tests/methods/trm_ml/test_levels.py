"""Levels: which logits are scored, and which are trained."""

import pytest
import torch

from methods.trm_ml.levels import Levels

REGION, QUERY = torch.tensor([[1.0, -2.0]]), torch.tensor([[3.0, 5.0]])
BOTH, MEAN = Levels(REGION, QUERY), torch.tensor([[2.0, 1.5]])


@pytest.mark.parametrize(("choice", "scored", "trained"), [
    ("region", REGION, [REGION]), ("query", QUERY, [QUERY]), ("mean", MEAN, [MEAN]), ("both", None, [REGION, QUERY]),
])  # fmt: skip
def test_choices(choice: str, scored: torch.Tensor | None, trained: list[torch.Tensor]) -> None:
    if scored is not None:
        assert torch.equal(BOTH.score(choice), scored)
    actual = BOTH.supervised(choice)
    assert len(actual) == len(trained)
    assert all(map(torch.equal, actual, trained))


@pytest.mark.parametrize("only", [Levels(REGION, None), Levels(None, REGION)])
def test_a_single_level_stands_for_both(only: Levels) -> None:
    assert all(torch.equal(only.score(choice), REGION) for choice in ("query", "region", "mean"))
    for choice in ("query", "region", "mean", "both"):
        (trained,) = only.supervised(choice)
        assert torch.equal(trained, REGION)


def test_a_function_reaches_the_levels_that_are_there() -> None:
    assert torch.equal(Levels(REGION, None).map(torch.neg).region, -REGION)
    assert Levels(REGION, None).map(torch.neg).query is None
