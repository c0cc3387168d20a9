"""CoMC: a classifier trained on sentences, which reads images through a bank of texts."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from bench.backbones.base import TextEncoder
from bench.settings.config import log_float, setting, uniform
from methods.base import METHODS, Batch, Features, Method, MethodConfig, Task
from methods.layers.aggregation import cosine_map
from methods.layers.prompts import PROMPT_TEMPLATES, Templates, template_features, template_list
from methods.layers.scales import Scale, require_positive, tied
from methods.losses import ranking_loss
from methods.parts import Part
from methods.text.sentences import training_sentences


@dataclass(frozen=True, kw_only=True)
class CoMCConfig(MethodConfig):
    """Defaults: the official code's values, but for the sentences."""

    captions: Path | None = setting(
        None, "a text file of sentences, one a line, that are trained on too; its content is a part of the cell"
    )
    templates: Templates = setting(
        "ensemble", "sentences that take a class name; officially CLIP's 80 for ImageNet, and nine times 'photo'"
    )
    pairs: bool = setting(True, "also a sentence for any two classes: sentences of one name never rank two positives")
    noise: float = setting(
        0.1, "spread of the noise on each entry of a sentence's unit vector", ge=0, search=uniform(0, 0.2)
    )
    mixing: float = setting(
        0.3, "share of an image's place among the texts in its vectors; 0: they are as they are", ge=0, le=1,
        search=uniform(0, 1),
    )  # fmt: skip
    bank_scale: Scale = setting("checkpoint", "sharpness of that place; 'checkpoint': CLIP's own (100)")
    global_share: float = setting(
        0.5, "share of the pooled vector in an image's score; the rest is its best position's", ge=0, le=1,
        search=uniform(0, 1),
    )  # fmt: skip

    epochs: int = setting(20, "training epochs, of as many sentences as there are training images", ge=0)
    batch_size: int = setting(512, "sentences in a batch", ge=1)
    optimizer: Literal["sgd", "adam", "adamw"] = setting("adam", "optimiser (SGD has momentum 0.9)")
    lr: float = setting(1e-3, "base learning rate", gt=0, search=log_float(1e-4, 3e-2))
    weight_decay: float = setting(
        0.0, "weight decay (decoupled with adamw, L2 otherwise)", ge=0, search=log_float(1e-5, 1e-1)
    )
    schedule: Literal["constant", "cosine", "dassl_cosine", "onecycle"] = setting(
        "dassl_cosine", "CoOp's: one epoch at 1e-5, then cosine per epoch"
    )

    def __post_init__(self) -> None:
        require_positive(self, "bank_scale")


def among_texts(vectors: Tensor, bank: Tensor, scale: float, mixing: float) -> Tensor:
    """(1 - mixing) x + mixing unit(softmax_c(scale <x, t_c>) T) of unit vectors x (..., D) and unit texts T (C, D)."""
    vectors = F.normalize(vectors.float(), dim=-1)
    place = F.normalize((scale * cosine_map(vectors, bank)).softmax(dim=-1) @ bank, dim=-1)
    return torch.lerp(vectors, place, mixing)


@torch.no_grad()
def unit_vectors(text: TextEncoder, texts: Sequence[str], chunk: int = 256) -> Tensor:
    """Unit text features (S, D) of S sentences, float32."""
    parts = [text.encode(texts[start : start + chunk]) for start in range(0, len(texts), chunk)]
    return F.normalize(torch.cat(parts).float(), dim=-1)


@METHODS.register("comc")
class CoMC(Method):
    """CoMC (Liu et al., ICML 2024): a linear classifier of sentences, used on images; no image and no label is used.

    training: z = W (unit(text vector) + N(0, 0.1^2)); loss = mean over sentences of sum_{i named, j not} max(0, 1 - z_i
    + z_j)
    image: x' = 0.7 x + 0.3 unit(softmax_c(100 cos(x, t_c)) T), x a unit vector: pooled g or a position l_p
    score = 1/2 W g' + 1/2 max_p W l'_p

    The paper's 40,000 sentences come from a language model; here class names in templates stand in their place, unless
    `captions` gives sentences. Its pooled vector is without positions. How its bank of texts was made is not published;
    here it is 'a photo of a {}.'. It picks its epoch on the test images; here the last one counts.
    """

    Config = CoMCConfig
    labels = "none"
    text = True
    family = "references"
    reference = (
        "Liu et al., Language-Driven Cross-Modal Classifier for Zero-Shot Multi-Label Image Recognition, ICML 2024"
    )
    source, licence = "yic20/CoMC at a2d40b8a", "MIT"
    equation = "s = W g' / 2 + max_p W l'_p / 2, x' = .7 x + .3 unit(softmax(100 x T) T); ranking on sentences"
    defaults_from = "official code; templates and pairs of names are ours"
    note = (
        "uses no image label and trains on no image; on class names in templates unless captions are given (the paper: "
        "40,000 sentences of a language model); the pooled vector is CLIP's, with positions"
    )
    recipes: ClassVar[dict[str, dict[str, Any]]] = {"paper": {"templates": "imagenet"}}
    switches: ClassVar[dict[str, Part]] = {
        "noise": Part({"noise": 0.0}, what="sentences' vectors are blurred"),
        "texts": Part({"mixing": 0.0}, what="images are read through a bank of texts"),
        "global branch": Part({"global_share": 0.0}, what="the pooled vector has a share in the score"),
    }
    config: CoMCConfig
    texts: Tensor
    sentences: Tensor
    labels_of_sentences: Tensor

    def __init__(self, config: CoMCConfig, task: Task):
        super().__init__(config, task)
        sentences = training_sentences(
            task.class_names, task.text, template_list(config.templates), config.pairs, config.captions
        )
        self.register_buffer("sentences", unit_vectors(task.text, sentences.texts), persistent=False)
        self.most_named = sentences.most_named
        self.register_buffer("labels_of_sentences", sentences.labels.to(self.sentences.device), persistent=False)
        texts = template_features(task.text, task.class_names, PROMPT_TEMPLATES["photo"])
        self.register_buffer("texts", texts.float(), persistent=False)
        self.scale = tied(config.bank_scale, 100.0, task.logit_scale)
        self.head = nn.Linear(task.dim, task.num_classes, bias=False)

    def loss(self, batch: Batch) -> dict[str, Tensor]:
        """Of the batch only its size is used: an epoch is as many sentences as there are images."""
        rows = torch.randint(len(self.sentences), (len(batch.rows),)).to(self.sentences.device)
        vectors = self.sentences[rows]
        noise = self.config.noise * torch.randn(vectors.shape).to(vectors.device)
        logits, labels = self.head(vectors + noise), self.labels_of_sentences[rows]
        return {"loss_ranking": ranking_loss(logits, labels, positives=self.most_named)}

    def scorer(self) -> Callable[[Features], Tensor]:
        config = self.config

        @torch.no_grad()
        def score(features: Features) -> Tensor:
            places, whole = (
                self.head(among_texts(vectors, self.texts, self.scale, config.mixing)) for vectors in features
            )
            return torch.lerp(places.amax(dim=1), whole, config.global_share).float()

        return score
