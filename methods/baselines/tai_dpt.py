"""TaI-DPT: prompts trained on sentences in place of images, without a single image label."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import torch
from torch import Tensor

from bench.settings.config import choice, log_float, setting, uniform
from methods.base import METHODS, Batch, Features, Method, Task
from methods.layers.aggregation import cosine_map, spatial_softmax, spatial_weights
from methods.layers.prompts import PromptLearner, Templates, encode_together, template_list
from methods.layers.scales import Scale, require_positive, tied
from methods.losses import ranking_loss
from methods.parts import Part
from methods.prompt_method import CoOpTraining
from methods.text.sentences import SentenceBank, TextImages, training_sentences
from methods.training_memory import Sizes

TEXT_SCALE, IMAGE_SCALE = 50.0, 40.0


@dataclass(frozen=True, kw_only=True)
class TaIConfig(CoOpTraining):
    """Defaults: the official code's values, but for the sentences."""

    captions: Path | None = setting(
        None, "a text file of captions, one a line, that are trained on too; its content is a part of the cell"
    )
    templates: Templates = setting(
        "ensemble", "sentences that take a class name; officially CLIP's 80 for ImageNet, and nine times 'photo'"
    )
    pairs: bool = setting(True, "also a sentence for any two classes: sentences of one name never rank two positives")
    n_ctx: int = setting(
        16, "learned context vectors in each prompt", ge=1, search=choice(4, 8, 16), decided_by="ctx_init"
    )
    class_specific: bool = setting(False, "contexts for each class; officially one set, shared by all")
    ctx_init: str = setting("", "words that contexts start from, as many as n_ctx; empty: noise", added_later=True)
    text_scale: Scale = setting(
        "checkpoint", "sharpness of the softmax over a sentence's tokens; 'checkpoint': 50 of CLIP's 100"
    )
    image_scale: Scale = setting(
        "checkpoint", "sharpness of the softmax over an image's positions; 'checkpoint': 40 of CLIP's 100"
    )
    output_scale: float = setting(
        4.0, "factor on cosines, which the loss's margin of 1 is measured in", gt=0, search=log_float(1, 16)
    )
    global_share: float = setting(
        0.5, "share of the global branch in an image's score", ge=0, le=1, search=uniform(0, 1)
    )

    epochs: int = setting(20, "training epochs, of as many sentences as there are training images", ge=0)
    batch_size: int = setting(512, "sentences in a batch", ge=1)
    lr: float = setting(1e-4, "base learning rate", gt=0, search=log_float(1e-4, 3e-2))

    def __post_init__(self) -> None:
        require_positive(self, "text_scale", "image_scale")


@METHODS.register("tai_dpt")
class TaIDPT(Method):
    """TaI-DPT (Guo et al., CVPR 2023): a global and a local prompt for each class, trained on sentences, not on images.

    global: g_c = 4 cos(x, T^g_c), x a sentence's end token or an image's pooled vector
    local:  l_c = sum_t softmax_t(k cos(x_t, T^l_c)) 4 cos(x_t, T^l_c), x_t its tokens (k = 50) or an image's (40)
    loss = R(g) + R(l), R = mean over sentences of sum_{i named, j not} max(0, 1 - s_i + s_j);  score = (g + l) / 2
    """

    Config = TaIConfig
    labels = "none"
    text = True
    token_texts = True
    family = "prompts"
    reference = "Guo et al., Texts as Images in Prompt Tuning for Multi-Label Image Recognition (TaI-DPT), CVPR 2023"
    equation = (
        "s_c = (4 cos(x, T^g_c) + sum_t softmax_t(40 cos(x_t, T^l_c)) 4 cos(x_t, T^l_c)) / 2; ranking on sentences"
    )
    defaults_from = "official code (Caption_distill_double); templates and pairs of names are ours"
    note = (
        "uses no image label and trains on no image; on class names in templates unless captions are given (the paper: "
        "COCO captions); the pooled vector is CLIP's, with positions resized to the grid (the code: without positions)"
    )
    recipes: ClassVar[dict[str, dict[str, Any]]] = {
        "paper": {"templates": "imagenet"},
        "nus-wide": {"templates": "imagenet", "lr": 1e-3, "image_scale": 4.0},
        "names-only": {"pairs": False},
    }
    switches: ClassVar[dict[str, Part]] = {
        "global branch": Part({"global_share": 0.0}, what="the share of the pooled vector in an image's score"),
        "pairs": Part({"pairs": False}, what="sentences about any two classes"),
    }

    config: TaIConfig

    def __init__(self, config: TaIConfig, task: Task):
        super().__init__(config, task)
        self.global_prompts, self.local_prompts = (
            PromptLearner(task.text, task.class_names, config.n_ctx, config.class_specific, config.ctx_init)
            for _ in range(2)
        )
        sentences = training_sentences(
            task.class_names, task.text, template_list(config.templates), config.pairs, config.captions
        )
        self.bank = SentenceBank(sentences, task.text)
        self.text_scale = tied(config.text_scale, TEXT_SCALE, task.logit_scale)
        self.image_scale = tied(config.image_scale, IMAGE_SCALE, task.logit_scale)

    @classmethod
    def training_memory(cls, config: TaIConfig, sizes: Sizes) -> int:
        """Beside the prompts': sentences as text, half a kilobyte each, and their labels, both for any two classes."""
        sentences = 80 * sizes.classes + config.pairs * sizes.classes**2 // 2
        return super().training_memory(config, sizes) + sentences * (500 + sizes.classes)

    def texts(self) -> tuple[Tensor, ...]:
        """Global and local text features, (C, D) each."""
        return tuple(encode_together(self.task.text, [self.global_prompts, self.local_prompts]))

    def sentence_logits(self, sentences: TextImages, *texts: Tensor) -> tuple[Tensor, Tensor]:
        """Global and local logits (B, C) of sentences; absent tokens take no part."""
        whole, part = texts
        local = cosine_map(sentences.tokens, part)
        guide = (self.text_scale * local).masked_fill(~sentences.present[:, :, None], -torch.inf)
        return self.config.output_scale * cosine_map(sentences.pooled, whole), self._pooled(guide, local)

    def image_logits(self, features: Features, *texts: Tensor) -> tuple[Tensor, Tensor]:
        """Global and local logits (B, C) of images."""
        whole, part = texts
        local = cosine_map(features.dense, part)
        return self.config.output_scale * cosine_map(features.pooled, whole), self._pooled(
            self.image_scale * local, local
        )

    def _pooled(self, guide: Tensor, similarity: Tensor) -> Tensor:
        return self.config.output_scale * spatial_softmax(guide, similarity)[0]

    def sentence_losses(self, count: int, *texts: Tensor) -> dict[str, Tensor]:
        """The losses of `count` sentences, drawn anew each time."""
        rows = torch.randint(len(self.bank), (count,)).to(self.bank.labels.device)
        labels = self.bank.labels[rows]
        whole, part = self.sentence_logits(self.bank(rows), *texts)
        positives = self.bank.most_named
        return {
            "loss_global": ranking_loss(whole, labels, positives=positives),
            "loss_local": ranking_loss(part, labels, positives=positives),
        }

    def loss(self, batch: Batch) -> dict[str, Tensor]:
        """Of the batch only its size is used: an epoch is as many sentences as there are images."""
        return self.sentence_losses(len(batch.rows), *self.texts())

    def match(self, features: Features, *texts: Tensor) -> Tensor:
        """Scores (B, C) of images: the mean of both branches."""
        whole, part = self.image_logits(features, *texts)
        return torch.lerp(part, whole, self.config.global_share)

    @torch.no_grad()
    def attention(self, features: Features) -> Tensor:
        """softmax_t(40 cos(x_t, T^l_c)), of the local branch: (B, C, HW)."""
        _, part = self.texts()
        return spatial_weights(self.image_scale * cosine_map(features.dense, part))

    @torch.no_grad()
    def scorer(self) -> Callable[[Features], Tensor]:
        texts = self.texts()

        @torch.no_grad()
        def score(features: Features) -> Tensor:
            return self.match(features, *texts)

        return score
