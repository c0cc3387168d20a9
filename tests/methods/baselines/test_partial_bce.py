"""Partial BCE: by hand, with weights that balance images, and finite far out."""

import numpy as np
import pytest
import torch

from methods import METHODS, Task
from methods.losses import binary_cross_entropy, partial_binary_cross_entropy

Z = torch.tensor([[0.0, np.log(3), -np.log(3)], [2.0, -1.0, 0.5]])
Y = torch.tensor([[1, -1, 0], [0, 0, -1]], dtype=torch.int8)


def chances() -> np.ndarray:
    return 1 / (1 + np.exp(-Z.double().numpy()))


def test_partial_bce_by_hand() -> None:
    """g(2/3) = 5.45 - 4.45 * 2/3 for the first image, g(1/3) for the second; both over C = 3 and B = 2."""
    p = chances()
    first = (5.45 - 4.45 * 2 / 3) * (-np.log(p[0, 0]) - np.log(1 - p[0, 1]))
    second = (5.45 - 4.45 / 3) * -np.log(1 - p[1, 2])
    assert partial_binary_cross_entropy(Z, Y).item() == pytest.approx((first + second) / 6, rel=1e-5)


@pytest.mark.parametrize("gamma", [0.5, 1.0, 2.0])
def test_partial_bce_is_the_mean_where_all_is_known(gamma: float) -> None:
    full = torch.where(Y == 1, Y, -torch.ones_like(Y))
    plain = binary_cross_entropy(Z, full, reduction="mean")
    torch.testing.assert_close(partial_binary_cross_entropy(Z, full, gamma=gamma), plain)


def test_partial_bce_refuses_weights_below_zero() -> None:
    from bench.errors import UsageError
    from bench.settings.conversion import build

    with pytest.raises(UsageError, match="must not be negative"):
        build(METHODS.get("partial_bce").Config, {"alpha": -6.0}, owner="partial_bce")


@pytest.mark.parametrize("size", [30.0, -30.0, 200.0])
def test_partial_bce_is_finite_far_out_and_on_rows_without_labels(size: float) -> None:
    z = torch.full((3, 4), size, requires_grad=True)
    y = torch.tensor([[1, -1, 0, 0], [0, 0, 0, 0], [1, 1, -1, -1]])
    loss = partial_binary_cross_entropy(z, y)
    loss.backward()
    assert loss.isfinite()
    assert z.grad.isfinite().all()
    assert (z.grad[y == 0] == 0).all()


def test_the_weights_of_partial_bce_balance_images(task: Task) -> None:
    """Ten known labels of ten, or one: the same order of weight (1 and 5 tenths), where plain BCE has 1 and 1 tenth."""
    z, full = torch.zeros(1, 10), torch.ones(1, 10, dtype=torch.int8)
    one = torch.zeros_like(full)
    one[0, 0] = 1
    assert partial_binary_cross_entropy(z, one).item() == pytest.approx(5.005 / 10 * np.log(2), rel=1e-5)
    assert partial_binary_cross_entropy(z, full).item() == pytest.approx(np.log(2), rel=1e-5)
