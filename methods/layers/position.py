"""The 2-D sine code of DETR for the positions of tokens, added to the keys only."""

import math

import torch
from torch import Tensor


def sine_position(grid: tuple[int, int], dim: int, temperature: float = 10000.0) -> Tensor:
    """(HW, D) of sines and cosines, rows in the first half of D and columns in the second; D is a multiple of 4.

    Carion et al. 2020 with the coordinates normalised to (0, 2 pi], as in Query2Label.
    """
    if dim % 4:
        raise ValueError(f"a 2-D sine code needs a dimension that 4 divides, not {dim}")
    half = dim // 2
    wavelength = temperature ** (torch.arange(0, half, 2, dtype=torch.float32) / half)

    def along(size: int) -> Tensor:
        angle = torch.arange(1, size + 1, dtype=torch.float32)[:, None] * (2 * math.pi / size) / wavelength
        return torch.stack((angle.sin(), angle.cos()), dim=-1).flatten(1)

    rows, columns = (along(size) for size in grid)
    height, width = grid
    code = torch.cat((rows[:, None].expand(-1, width, -1), columns[None].expand(height, -1, -1)), dim=-1)
    return code.reshape(height * width, dim)
