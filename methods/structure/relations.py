"""Relations of classes by their names' text features, and a graph network over them (SCPNet, CVPR 2023).

Shapes: C classes, D dimensions.
"""

import itertools

import torch
from torch import Tensor, nn
from torch.nn import functional as F


def top_relations(similarity: Tensor, top: int) -> Tensor:
    """Mask (C, C) of the `top` largest entries in each row of `similarity` (C, C); the diagonal counts as 1."""
    ranked = similarity.clone().fill_diagonal_(1.0)
    return torch.zeros_like(similarity, dtype=torch.bool).scatter_(1, ranked.topk(top, dim=1).indices, True)


def relation_graph(similarity: Tensor, top: int, self_weight: float) -> Tensor:
    """Adjacency (C, C): the top relations without the class itself share 1 - self_weight, the class has self_weight."""
    kept = torch.where(top_relations(similarity, top), similarity, 0.0).clamp(min=0).fill_diagonal_(0.0)
    shares = kept / kept.sum(dim=1, keepdim=True).clamp(min=torch.finfo(kept.dtype).tiny)
    return (1 - self_weight) * shares + self_weight * torch.eye(len(shares))


def relation_targets(graph: Tensor, top_mask: Tensor, temperature: float) -> Tensor:
    """Rows (C, C) that smooth probabilities: softmax of the graph's row / temperature over its top relations."""
    return (graph / temperature).masked_fill(~top_mask, -torch.inf).softmax(dim=1)


class GraphConvolutions(nn.Module):
    """Three graph convolutions D -> 2D -> 2D -> D without bias, LeakyReLU(0.2) after the first two.

    Weights start as officially: uniform up to 1 / sqrt(a layer's outputs), where nn.Linear looks at its inputs.
    """

    graph: Tensor

    def __init__(self, graph: Tensor, dim: int):
        super().__init__()
        self.register_buffer("graph", graph, persistent=False)
        sizes = (dim, 2 * dim, 2 * dim, dim)
        layers = [nn.Linear(a, b, bias=False) for a, b in itertools.pairwise(sizes)]
        for layer in layers:
            bound = layer.out_features**-0.5
            nn.init.uniform_(layer.weight, -bound, bound)
        self.layers = nn.ModuleList(layers)

    def forward(self, nodes: Tensor) -> Tensor:
        """Nodes (C, D) to nodes (C, D)."""
        for number, layer in enumerate(self.layers):
            nodes = self.graph @ layer(nodes)
            if number < len(self.layers) - 1:
                nodes = F.leaky_relu(nodes, 0.2)
        return nodes
