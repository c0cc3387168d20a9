"""The position code: distinct, bounded, rows and columns apart."""

import pytest
import torch

from methods.layers.position import sine_position


def test_every_place_has_its_own_code() -> None:
    code = sine_position((5, 7), 32)
    assert code.shape == (35, 32)
    assert code.abs().max() <= 1
    assert torch.cdist(code, code).fill_diagonal_(1.0).min() > 1e-3


def test_rows_in_the_first_half_columns_in_the_second() -> None:
    code = sine_position((5, 7), 32).reshape(5, 7, 32)
    assert torch.equal(code[:, :1, :16].expand(-1, 7, -1), code[:, :, :16])
    assert torch.equal(code[:1, :, 16:].expand(5, -1, -1), code[:, :, 16:])


def test_values_of_the_first_pair() -> None:
    """The fastest wave turns once over the grid: position y of H has angle 2 pi y / H."""
    code = sine_position((4, 4), 8).reshape(4, 4, 8)
    torch.testing.assert_close(code[:, 0, 0], torch.tensor([1.0, 0.0, -1.0, 0.0]), atol=1e-6, rtol=0)
    torch.testing.assert_close(code[0, :, 5], torch.tensor([0.0, -1.0, 0.0, 1.0]), atol=1e-6, rtol=0)


def test_refuses_an_odd_dimension() -> None:
    with pytest.raises(ValueError, match="4 divides"):
        sine_position((4, 4), 10)
