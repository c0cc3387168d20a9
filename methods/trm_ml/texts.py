"""Texts of categories, from learned prompts or templates, and the negative vectors that a score subtracts."""

from collections.abc import Sequence
from typing import Literal, NamedTuple

from torch import Tensor, nn
from torch.nn import functional as F

from bench.backbones.base import TextEncoder
from methods.layers.prompts import PromptLearner, Unowned, encode_together, template_features
from methods.trm_ml.mlp import SimpleMLP

Negative = Literal["none", "prompt", "free"]


class Texts(NamedTuple):
    """category (C, D), of unit norm; negative (C, D), to be subtracted in the score, or None."""

    category: Tensor
    negative: Tensor | None


class TextSide(nn.Module):
    """Texts of C categories; `template` (C, D) is what the frozen tower says of the plain class names.

    negative "prompt": a second set of contexts, as in DualCoOp [A]; "free": one trained vector for each category, as
    in PositiveCoOp [R], but of any length and started at the mean template, so that a score starts centred between the
    categories. [U]
    """

    template: Tensor

    def __init__(
        self,
        text: TextEncoder,
        class_names: Sequence[str],
        templates: Sequence[str],
        *,
        learned: bool,
        n_ctx: int,
        class_specific: bool,
        ctx_init: str,
        negative: Negative,
        mlp_residual: bool | None,
    ):
        """learned: categories have learned prompts, of n_ctx contexts each, in the place of their templates.

        mlp_residual: whether the MLP after the tower adds to its input; None: there is no MLP.
        """
        super().__init__()
        template = template_features(text, class_names, templates)
        self.register_buffer("template", template, persistent=False)
        self._unowned = Unowned(text)
        self.learned = learned
        self.prompts = nn.ModuleList(
            PromptLearner(text, class_names, n_ctx, class_specific, ctx_init)
            for _ in range(learned + (negative == "prompt"))
        )
        self.negative = None
        if negative == "free":
            self.negative = nn.Parameter(template.mean(dim=0).expand_as(template).clone())
        self.mlp = None if mlp_residual is None else SimpleMLP(template.shape[1], mlp_residual)

    def forward(self) -> Texts:
        encoded = encode_together(self._unowned.text, [*self.prompts]) if len(self.prompts) else []
        encoded = [self._adapted(text) for text in encoded]
        category = encoded.pop(0) if self.learned else self._adapted(self.template)
        return Texts(category, encoded.pop(0) if encoded else self.negative)

    def _adapted(self, text: Tensor) -> Tensor:
        """Unit norm and float32, also under autocast: similarities are taken outside of it."""
        text = F.normalize(text.float(), dim=-1)
        return text if self.mlp is None else F.normalize(self.mlp(text).float(), dim=-1)
