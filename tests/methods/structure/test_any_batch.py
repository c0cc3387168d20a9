"""Exported graphs of parts that work in chunks, or that ask for the number of images, take any number of them."""

import pytest
import torch
from torch import Tensor, nn

from methods.structure.cooccurrence import pair_scores
from methods.structure.decoupling import coefficients
from methods.structure.semantic_tokens import SemanticTokens

pytestmark = pytest.mark.slow

CLASSES, TOKENS, WIDTH = 5, 4, 8


class Part(nn.Module):
    """A function of an image's tokens (B, T, K)."""

    def __init__(self, name: str):
        super().__init__()
        torch.manual_seed(0)
        self.name, self.words = name, torch.randn(CLASSES, WIDTH)
        self.pairs = torch.randn(CLASSES, CLASSES, WIDTH)
        sizes = {"hidden": WIDTH, "heads": 2, "attention": WIDTH, "dropout": 0.1}
        self.tokens = SemanticTokens(WIDTH, self.words, (2, 2), **sizes)

    def forward(self, x: Tensor) -> Tensor:
        if self.name == "decoupling":
            return coefficients(x, self.words, self.words[0])
        if self.name == "pairs":
            features = x.mean(dim=1, keepdim=True) * self.words
            return pair_scores(features, features, self.pairs, again=False)
        return self.tokens(x)[0]


@pytest.mark.parametrize("name", ["decoupling", "pairs", "semantic tokens"])
def test_a_graph_of_two_images_takes_five(name):
    part = Part(name).eval()
    batch = ({0: torch.export.Dim("batch", min=1)},)
    with torch.no_grad():
        graph = torch.export.export(part, (torch.randn(2, TOKENS, WIDTH),), dynamic_shapes=batch, strict=False).module()
        five = torch.randn(5, TOKENS, WIDTH)
        torch.testing.assert_close(graph(five), part(five))
