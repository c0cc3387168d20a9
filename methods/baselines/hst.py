"""HST: SST's two kinds of pseudo-labels, with prototypes in the place of a memory and learned thresholds."""

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import torch
from torch import Tensor, nn

from bench.settings.config import log_float, setting, uniform
from methods.base import METHODS, Batch, Task
from methods.parts import Part
from methods.structure import StructureConfig, StructureMethod
from methods.structure.cooccurrence import CoOccurrence, cooccurrence_loss, intra_scores, pairs_and_memory
from methods.structure.instance_contrast import instance_contrast
from methods.structure.memory import ClusterMemory, mean_cosine
from methods.structure.pseudo_positives import fill_positives
from methods.training_memory import Sizes


@dataclass(frozen=True, kw_only=True)
class HSTConfig(StructureConfig):
    """Defaults: the official weights and prototypes, but thresholds that start where they can be learned.

    The released code starts them at 1, above every score, where the clamp passes no gradient: what brings them down
    there is Adam's L2 decay, by about the learning rate in every step, for hundreds of thousands of steps.
    """

    pair_hidden: int = setting(64, "size of a class's part in the co-occurrence head (officially 512)", ge=1)
    pair_output: int = setting(64, "size of a pair's feature in it (officially 1024)", ge=1)
    cooccurrence_weight: float = setting(10.0, "weight of the co-occurrence loss", ge=0, search=log_float(1, 30))
    contrast_weight: float = setting(0.05, "weight of the instance contrast", ge=0, search=log_float(0.005, 0.5))
    prototype_weight: float = setting(0.05, "weight of the prototype contrast", ge=0, search=log_float(0.005, 0.5))
    prototype_sign: Literal["attract", "released"] = setting(
        "attract", "what known positives do to their prototypes: approach them, or (as released) keep away"
    )
    intra_weight: float = setting(0.1, "weight of the loss that teaches the intra threshold", ge=0)
    inter_weight: float = setting(0.1, "weight of the loss that teaches the inter threshold", ge=0)
    threshold: float = setting(0.5, "where both thresholds start; officially 1", ge=-1, le=1, search=uniform(0.2, 1))
    prototypes: int = setting(10, "prototypes of each class", ge=1)
    memory: int = setting(256, "features of known positives that a class's prototypes are found among", ge=1)


@METHODS.register("hst")
class HST(StructureMethod):
    """HST (Chen et al., IJCV 2024): heterogeneous semantic transfer; SST with prototypes and learned thresholds.

    intra_c = clamp(mean over the image's known positives j of sigmoid(q_cj) - m1, 0, 1)
    inter_c = clamp(mean cosine of f_c to c's 10 prototypes - m2, 0, 1);  m1, m2 learned
    loss = BCE(z, y) + 10 ASL(q, pairs) + 0.05 contrast(f), both weights rising over the first epoch, and from a quarter
    of the run on + BCE(z, y or intra > 0) + BCE(z, y or inter > 0) + 0.1 BCE(intra, y) + 0.1 BCE(inter, y)
    + 0.05 mean(1 - cos(f, prototypes) y)
    prototypes: K-means over features of known positives, anew at each quarter of the run

    The last term is the one that fits the pseudo-labels it is meant to serve: known positives near their prototypes,
    known negatives away from them. The released code has 1 + cos y instead (prototype_sign=released).
    """

    Config = HSTConfig
    reference = (
        "Chen et al., Heterogeneous Semantic Transfer for Multi-Label Recognition with Partial Labels, IJCV 2024"
    )
    equation = "SST with soft scores intra, inter = clamp(score - m, 0, 1), m learned, and K-means prototypes as memory"
    defaults_from = (
        "HCP-MLR-PL's code: weights, prototypes, schedule; thresholds' start, sizes, batch and rate ours, for frozen "
        "features"
    )
    note = (
        "text features in the place of GloVe unless a file is given; thresholds start at 0.5 instead of 1; known "
        "positives are drawn to their prototypes, where the released code repels them; prototypes from the last "
        "features seen in training instead of a pass over all images; a known label has no part in its own intra "
        "score; otherwise as SST here"
    )
    recipes: ClassVar[dict[str, dict[str, Any]]] = {
        "paper": {**StructureMethod.recipes["paper"], "pair_hidden": 512, "pair_output": 1024, "batch_size": 32},
        "released": {
            **StructureMethod.recipes["paper"],
            "pair_hidden": 512,
            "pair_output": 1024,
            "batch_size": 32,
            "threshold": 1.0,
            "prototype_sign": "released",
        },
    }
    switches: ClassVar[dict[str, Part]] = {
        **StructureMethod.switches,
        "contrast": Part({"contrast_weight": 0.0}, what="contrast between images"),
        "prototype contrast": Part({"prototype_weight": 0.0}, what="known positives are drawn to their prototypes"),
        "learned thresholds": Part(
            {"intra_weight": 0.0, "inter_weight": 0.0}, what="the losses that teach both thresholds; off, they stay"
        ),
    }
    training_only: ClassVar[tuple[str, ...]] = ("memory", "pairs")

    config: HSTConfig

    def __init__(self, config: HSTConfig, task: Task):
        super().__init__(config, task)
        self.pairs = CoOccurrence(task.num_classes, config.width, config.pair_hidden, config.pair_output)
        self.intra_threshold, self.inter_threshold = (nn.Parameter(torch.tensor(config.threshold)) for _ in range(2))
        self.memory = ClusterMemory(task.num_classes, config.memory, config.width, config.prototypes)

    def start_epoch(self, epoch: int) -> None:
        super().start_epoch(epoch)
        self.memory.start_epoch(epoch, self.quarter)

    @classmethod
    def training_memory(cls, config: Any, sizes: Sizes) -> int:
        return super().training_memory(config, sizes) + pairs_and_memory(config, sizes)

    def loss(self, batch: Batch) -> dict[str, Tensor]:
        config, labels = self.config, batch.labels
        features = self.trunk.features(batch.features.dense)
        logits, pairs = self.trunk.classify(features), self.pairs(features)
        self.memory.update(features, labels)
        rise = self.rise(labels)
        terms = {
            "loss_bce": self.known_loss(logits, labels),
            "loss_cooccurrence": rise * config.cooccurrence_weight * cooccurrence_loss(pairs, labels),
            "loss_contrast": rise * config.contrast_weight * instance_contrast(features, labels),
        }
        if self.epoch < self.quarter:
            return terms
        similarity = mean_cosine(features, self.memory.centres)
        unknown = (labels == 0).sum().clamp(min=1)
        either = torch.zeros_like(labels, dtype=torch.bool)
        for name, score, threshold, weight in (
            ("intra", intra_scores(pairs, labels), self.intra_threshold, config.intra_weight),
            ("inter", similarity, self.inter_threshold, config.inter_weight),
        ):
            above = (score - threshold).clamp(0, 1)
            filled = fill_positives(labels, above.detach() > 0)
            either |= filled > 0
            terms[f"loss_{name}"] = self.known_loss(logits, filled)
            terms[f"loss_{name}_threshold"] = weight * self.known_loss(above, labels)  # the score as if it were a logit
            terms[f"{name}_share"] = (filled != labels).sum() / unknown
            terms[f"{name}_threshold"] = threshold.detach()
        self.record(batch, positive=either)
        terms["loss_prototype"] = config.prototype_weight * prototype_contrast(
            similarity, labels, attract=config.prototype_sign == "attract"
        )
        return terms


def prototype_contrast(similarity: Tensor, labels: Tensor, attract: bool) -> Tensor:
    """Mean over all entries of 1 - cos y (attract) or 1 + cos y, for similarities and labels (B, C)."""
    product = similarity * labels
    return (1 - product if attract else 1 + product).mean()
