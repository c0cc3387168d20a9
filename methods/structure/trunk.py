"""The common trunk of SSGRL, SST, SARB and HST, from frozen tokens to logits."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal

import torch
from torch import Tensor, nn

from bench.settings.config import integer, log_float, setting
from methods.base import Features, Method, MethodConfig, Task
from methods.layers.heads import unit
from methods.layers.prompts import PROMPT_TEMPLATES, template_features
from methods.losses import binary_cross_entropy
from methods.parts import Part
from methods.structure.adjacency import adjacency
from methods.structure.decoupling import SemanticDecoupling
from methods.structure.gated_graph import GatedGraph
from methods.structure.glove import glove_features
from methods.training_memory import Sizes, trained_memory


@dataclass(frozen=True, kw_only=True)
class StructureConfig(MethodConfig):
    """Sizes of the trunk; the published ones are width 1024, hidden 512, output 1024, for a GPU."""

    width: int = setting(128, "size F of the classes' features", ge=1)
    hidden: int = setting(128, "hidden units K of the semantic decoupling", ge=1)
    output: int = setting(256, "size of the classes' last features, before their classifiers", ge=1)
    steps: int = setting(3, "rounds of messages between classes", ge=0, search=integer(1, 4))
    glove: Path | None = setting(
        None, "GloVe file (text, or .npy with a row a class) in the place of the text tower's template features"
    )
    templates: Literal["photo", "ensemble"] = setting("ensemble", "templates of the text features, without glove")

    lr: float = setting(3e-4, "base learning rate", gt=0, search=log_float(1e-4, 1e-2))


PUBLISHED_SIZES: dict[str, Any] = {"width": 1024, "hidden": 512, "output": 1024}
PUBLISHED_TRAINING: dict[str, Any] = {
    "epochs": 20,
    "optimizer": "adam",
    "lr": 1e-5,
    "weight_decay": 5e-4,
    "schedule": "cosine",  # officially a tenth of the rate from epoch 10 on, which is not among the schedules
}

STATES_AT_ONCE = 2**22
"""Numbers of the classes' states of images that are scored at once: 16 MiB, and what is made of them some 200."""


class ClassGraph(nn.Module):
    """From tokens to a feature and a logit for every class.

    x_t = BN(P unit(token_t)), F-dimensional;  f_c = semantic decoupling of x by class c's word;
    h = gated graph over classes, started at f, along A from observed labels;
    o_c = tanh(W [h_c, f_c] + b);  z_c = <w_c, o_c> + b_c
    """

    words: Tensor
    matrix: Tensor

    def __init__(self, dim: int, words: Tensor, matrix: Tensor, *, width: int, hidden: int, output: int, steps: int):
        """words: g (C, W); matrix: A (C, C)."""
        super().__init__()
        classes = len(words)
        self.project = nn.Linear(dim, width, bias=False)
        self.norm = nn.BatchNorm1d(width)
        self.decoupling = SemanticDecoupling(width, words.shape[1], hidden)
        self.graph = GatedGraph(width, steps)
        self.last = nn.Linear(2 * width, output)
        self.weight = nn.Parameter(torch.empty(classes, output).uniform_(-1, 1) / output**0.5)
        self.bias = nn.Parameter(torch.empty(classes).uniform_(-1, 1) / output**0.5)
        self.register_buffer("words", words, persistent=False)
        self.register_buffer("matrix", matrix, persistent=False)

    def features(self, dense: Tensor) -> Tensor:
        """f, (B, C, F), of tokens (B, HW, D)."""
        features: Tensor = self.decoupling(self._tokens(dense), self.words)
        return features

    def attention(self, dense: Tensor) -> Tensor:
        """Attention (B, C, HW) of each class's word over tokens (B, HW, D)."""
        return self.decoupling.attention(self._tokens(dense), self.words)

    def _tokens(self, dense: Tensor) -> Tensor:
        tokens: Tensor = self.project(unit(dense))
        normed: Tensor = self.norm(tokens.flatten(0, 1))
        return normed.view_as(tokens)

    def classify(self, features: Tensor) -> Tensor:
        """z, (B, C), of features (B, C, F)."""
        states = self.graph(features, self.matrix)
        outputs = torch.tanh(self.last(torch.cat([states, features], dim=-1)))
        return (outputs * self.weight).sum(dim=-1) + self.bias


class StructureMethod(Method):
    """Base of the four: the trunk, its scores, and the known-label loss.

    Schedules are in shares of the run: pseudo-labels and blends begin after a `quarter`, epoch 5 of the published 20.
    """

    family = "graphs"
    Config = StructureConfig
    text = True
    recipes: ClassVar[dict[str, dict[str, Any]]] = {"paper": {**PUBLISHED_SIZES, **PUBLISHED_TRAINING, "batch_size": 8}}
    switches: ClassVar[dict[str, Part]] = {"graph": Part({"steps": 0}, what="messages between classes")}

    config: StructureConfig

    def __init__(self, config: Any, task: Task):
        super().__init__(config, task)
        self.trunk = ClassGraph(
            task.dim,
            self._words(config, task),
            adjacency(task.observed),
            width=config.width,
            hidden=config.hidden,
            output=config.output,
            steps=config.steps,
        )
        self.epoch = 0
        self.images_shown = 0

    @staticmethod
    def _words(config: StructureConfig, task: Task) -> Tensor:
        """(C, W), of a size at which the decoupling's first products are neither dead nor saturated."""
        if config.glove is not None:
            return glove_features(config.glove, task.class_names).to(task.position.device)
        features = template_features(task.text, task.class_names, PROMPT_TEMPLATES[config.templates]).float()
        # Texts of one tower share a large common part, which says nothing about a class.
        return unit(features - features.mean(dim=0)) if len(features) > 1 else unit(features)

    @classmethod
    def training_memory(cls, config: StructureConfig, sizes: Sizes) -> int:
        """States of the classes as the gradient needs them, 14 a round of messages and 10 around it."""
        weights = 10 * config.width**2 + config.width * (sizes.dim + 2 * config.hidden + 2 * config.output)
        states = 4 * config.batch_size * sizes.classes * config.width * (14 * config.steps + 10)
        return states + trained_memory(weights, config.optimizer, config.ema)

    @classmethod
    def needs_negatives(cls, config: StructureConfig) -> bool:
        return True

    def start_epoch(self, epoch: int) -> None:
        self.epoch, self.images_shown = epoch, 0

    @property
    def quarter(self) -> int:
        """Epochs before pseudo-labels or blends begin, and between two rounds of prototypes: 5 of 20."""
        return max(1, round(self.config.epochs / 4))

    def rise(self, labels: Tensor) -> float:
        """A weight from 0 to 1 over the images of the first epoch, then 1; called once for each batch."""
        share = 1.0 if self.epoch else min(1.0, self.images_shown / max(len(self.task.observed), 1))
        self.images_shown += len(labels)
        return share

    def known_loss(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Binary cross-entropy averaged over the known entries of the whole batch."""
        return binary_cross_entropy(logits, labels, reduction="mean/known")

    def scorer(self) -> Callable[[Features], Tensor]:
        @torch.no_grad()
        def score(features: Features) -> Tensor:
            """In chunks of images: each has C features of F numbers, and the graph makes twelve times as many."""
            images = max(1, STATES_AT_ONCE // (self.config.width * self.task.num_classes))
            parts = [self.trunk.classify(self.trunk.features(dense)) for dense in features.dense.split(images)]
            return torch.cat(parts).float()

        return score

    @torch.no_grad()
    def attention(self, features: Features) -> Tensor:
        """softmax_t(w4 . W3 tanh(W1 x_t * W2 g_c)), the semantic decoupling: (B, C, HW)."""
        return self.trunk.attention(features.dense)
