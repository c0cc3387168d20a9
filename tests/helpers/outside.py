"""Methods from outside the package, as text: one that is fine, to be changed by tests."""

GOOD = '''"""A method of somebody else."""

import torch
from torch import nn

from methods import METHODS, Method
from methods.losses import binary_cross_entropy


@METHODS.register("outside")
class Outside(Method):
    """A linear layer on the mean token; loss: mean BCE over the known labels."""

    reference = "an example"
    equation = "-log p for positives, -log(1-p) for negatives"
    defaults_from = "ours"

    def __init__(self, config, task):
        super().__init__(config, task)
        self.head = nn.Linear(task.dim, task.num_classes)

    def loss(self, batch):
        logits = self.head(batch.features.dense.mean(dim=1))
        return {"loss_bce": binary_cross_entropy(logits, batch.labels, reduction="mean/known")}

    def scorer(self):
        return torch.no_grad()(lambda features: self.head(features.dense.mean(dim=1)))
'''


def changed(*pairs: tuple[str, str], source: str = GOOD) -> str:
    """The good method with each first text, which is in it once, replaced by the second."""
    for old, new in pairs:
        assert source.count(old) == 1, old
        source = source.replace(old, new)
    return source
