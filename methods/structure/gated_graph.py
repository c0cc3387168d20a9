"""A gated graph network over classes."""

import torch
from torch import Tensor, nn


class GatedGraph(nn.Module):
    """`steps` rounds of messages between the classes' states h (B, C, F) along A (C, C):

    m = [A h, A' h];  z = s(W1 m + U1 h);  r = s(W2 m + U2 h);  g = tanh(W3 m + U3 (r * h));  h <- (1 - z) h + z g

    with s the sigmoid. SSGRL's own code uses U1 in r also, where U2 belongs; HCP's is right, and so is this one.
    W1, W2, W3 stand in one matrix, and so do U1 and U2: fewer and larger products, the same numbers.
    """

    def __init__(self, dim: int, steps: int):
        super().__init__()
        self.steps = steps
        self.message = nn.Linear(2 * dim, 3 * dim)
        self.gates = nn.Linear(dim, 2 * dim)
        self.candidate = nn.Linear(dim, dim)

    def forward(self, h: Tensor, matrix: Tensor) -> Tensor:
        for _ in range(self.steps):
            z_m, r_m, g_m = self.message(torch.cat([matrix @ h, matrix.T @ h], dim=-1)).chunk(3, dim=-1)
            z_h, r_h = self.gates(h).chunk(2, dim=-1)
            z, r = torch.sigmoid(z_m + z_h), torch.sigmoid(r_m + r_h)
            h = (1 - z) * h + z * torch.tanh(g_m + self.candidate(r * h))
        return h
