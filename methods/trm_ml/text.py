"""The text side: what each category is called, by learned prompts or by templates, and what speaks against it."""

from typing import NamedTuple

from torch import Tensor, nn
from torch.nn import functional as F

from methods.base import Task
from methods.layers.prompts import TEMPLATES, PromptLearner, encode_together, template_features
from methods.trm_ml.config import TRMConfig
from methods.trm_ml.mlp import SimpleMLP


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

    def __init__(self, config: TRMConfig, task: Task):
        super().__init__()
        template = template_features(task.text, task.class_names, TEMPLATES[config.templates])
        self.register_buffer("template", template, persistent=False)
        self._task = task  # holds the tower, which is nobody's submodule
        self.learned = config.contexts == "learned"
        self.prompts = nn.ModuleList(
            PromptLearner(task.text, task.class_names, config.n_ctx, config.class_specific, config.ctx_init or None)
            for _ in range(self.learned + (config.negative == "prompt"))
        )
        self.negative = None
        if config.negative == "free":
            self.negative = nn.Parameter(template.mean(dim=0).expand_as(template).clone())
        self.mlp = SimpleMLP(template.shape[1], config.mlp_residual) if config.mlp in ("text", "both") else None

    def forward(self) -> Texts:
        encoded = encode_together(self._task.text, [*self.prompts]) if len(self.prompts) else []
        encoded = [self._adapted(text) for text in encoded]
        category = encoded.pop(0) if self.learned else self._adapted(self.template)
        return Texts(category, encoded.pop(0) if encoded else self.negative)

    def _adapted(self, text: Tensor) -> Tensor:
        """Unit norm and float32, also under autocast: similarities are taken outside of it."""
        text = F.normalize(text.float(), dim=-1)
        return text if self.mlp is None else F.normalize(self.mlp(text).float(), dim=-1)
