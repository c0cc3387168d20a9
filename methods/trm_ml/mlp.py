"""The "simple MLP" of the paper's Figure 2 [P]; its shape is that of the first author's other projects [A]."""

from torch import Tensor, nn


class SimpleMLP(nn.Module):
    """Linear, ReLU, Linear over the last dimension D, Xavier weights [A].

    residual [U]: adds its input, and the last layer starts at zero, so that the whole starts as the identity.
    """

    def __init__(self, dim: int, residual: bool):
        super().__init__()
        self.residual = residual
        first, last = nn.Linear(dim, dim), nn.Linear(dim, dim)
        self.layers = nn.Sequential(first, nn.ReLU(), last)
        for linear in (first, last):
            nn.init.xavier_uniform_(linear.weight)
            nn.init.zeros_(linear.bias)
        if residual:
            nn.init.zeros_(last.weight)

    def forward(self, x: Tensor) -> Tensor:
        change: Tensor = self.layers(x)
        return x + change if self.residual else change
