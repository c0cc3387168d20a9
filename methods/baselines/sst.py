"""SST: pseudo-labels from co-occurrence within an image, and from similarity across images."""

from dataclasses import dataclass
from typing import Any, ClassVar

from torch import Tensor

from bench.settings.config import log_float, setting, uniform
from methods.base import METHODS, Batch, Task
from methods.parts import Part
from methods.structure import StructureConfig, StructureMethod
from methods.structure.cooccurrence import CoOccurrence, cooccurrence_loss, intra_scores, pairs_and_memory
from methods.structure.instance_contrast import instance_contrast
from methods.structure.memory import PositiveMemory
from methods.structure.pseudo_positives import fill_positives, margin
from methods.training_memory import Sizes


@dataclass(frozen=True, kw_only=True)
class SSTConfig(StructureConfig):
    """Defaults: the official weights, margins and memory."""

    pair_hidden: int = setting(64, "size of a class's part in the co-occurrence head (officially 512)", ge=1)
    pair_output: int = setting(64, "size of a pair's feature in it (officially 1024)", ge=1)
    cooccurrence_weight: float = setting(10.0, "weight of the co-occurrence loss", ge=0, search=log_float(1, 30))
    contrast_weight: float = setting(0.05, "weight of the instance contrast", ge=0, search=log_float(0.005, 0.5))
    intra_weight: float = setting(
        1.0, "weight of the loss with pseudo-labels from co-occurrence", ge=0, search=uniform(0, 2)
    )
    inter_weight: float = setting(
        1.0, "weight of the loss with pseudo-labels from other images", ge=0, search=uniform(0, 2)
    )
    memory: int = setting(100, "features of known positives held for each class", ge=1)
    margin_high: float = setting(0.95, "score of a pseudo-positive when they begin, a quarter into the run", ge=0, le=1)
    margin_low: float = setting(0.75, "score of a pseudo-positive from 13/20 of the run on", ge=0, le=1)


@METHODS.register("sst")
class SST(StructureMethod):
    """SST (Chen et al., AAAI 2022): structured semantic transfer; SSGRL's trunk with two kinds of pseudo-positives.

    q_ij: logit that classes i and j occur together, from f_i and f_j; unknown pairs count as negative in its loss
    intra_c = mean over the image's known positives j of sigmoid(q_cj)
    inter_c = mean cosine of f_c to the last 100 features of known positives of c (a batch's first image is its newest)
    loss = BCE(z, y) + 10 ASL(q, pairs) + 0.05 contrast(f), both weights rising over the first epoch, and from a quarter
    of the run on + BCE(z, y or intra >= m) + BCE(z, y or inter >= m), m falling from 0.95 to 0.75
    """

    version = 2  # of a batch, the memory holds the first images longest, as in HCP's code
    Config = SSTConfig
    reference = "Chen et al., Structured Semantic Transfer for Multi-Label Recognition with Partial Labels, AAAI 2022"
    equation = "BCE(z, y) + BCE(z, y + [intra >= m]) + BCE(z, y + [inter >= m]) + 10 ASL(co-occurrence) + 0.05 contrast"
    defaults_from = "HCP-MLR-PL's code: weights, margins, memory; sizes, batch and rate ours, for frozen features"
    note = (
        "text features in the place of GloVe unless a file is given; co-occurrence is averaged over both orders of a "
        "pair; the contrast's random pairs are replaced by their expectation; the paper trains the backbone with it"
    )
    recipes: ClassVar[dict[str, dict[str, Any]]] = {
        "paper": {**StructureMethod.recipes["paper"], "pair_hidden": 512, "pair_output": 1024}
    }
    switches: ClassVar[dict[str, Part]] = {
        **StructureMethod.switches,
        "contrast": Part({"contrast_weight": 0.0}, what="contrast between images"),
        "co-occurrence": Part({"cooccurrence_weight": 0.0, "intra_weight": 0.0}, what="the loss of which classes meet"),
        "intra labels": Part(
            {"intra_weight": 0.0}, needs=("co-occurrence",), what="pseudo-positives from what occurs with known ones"
        ),
        "inter labels": Part({"inter_weight": 0.0}, what="pseudo-positives from what looks alike in other images"),
    }
    training_only: ClassVar[tuple[str, ...]] = ("memory", "pairs")

    config: SSTConfig

    def __init__(self, config: SSTConfig, task: Task):
        super().__init__(config, task)
        self.pairs = CoOccurrence(task.num_classes, config.width, config.pair_hidden, config.pair_output)
        self.memory = PositiveMemory(task.num_classes, config.memory, config.width)

    @classmethod
    def training_memory(cls, config: Any, sizes: Sizes) -> int:
        return super().training_memory(config, sizes) + pairs_and_memory(config, sizes)

    def loss(self, batch: Batch) -> dict[str, Tensor]:
        config, labels = self.config, batch.labels
        features = self.trunk.features(batch.features.dense)
        logits, pairs = self.trunk.classify(features), self.pairs(features)
        # Before its use, and with the batch's first image as the newest, as in HCP's code.
        self.memory.update(features.flip(0), labels.flip(0))
        rise = self.rise(labels)
        terms = {
            "loss_bce": self.known_loss(logits, labels),
            "loss_cooccurrence": rise * config.cooccurrence_weight * cooccurrence_loss(pairs, labels),
            "loss_contrast": rise * config.contrast_weight * instance_contrast(features, labels),
        }
        if self.epoch >= self.quarter:
            least = margin(self.epoch, config.epochs, self.quarter, config.margin_high, config.margin_low)
            intra = fill_positives(labels, intra_scores(pairs.detach(), labels) >= least)
            inter = fill_positives(labels, self.memory.similarity(features.detach()) >= least)
            taught = (config.intra_weight > 0) * intra + (config.inter_weight > 0) * inter
            self.record(batch, positive=taught > 0)  # by either
            terms["loss_intra"] = config.intra_weight * self.known_loss(logits, intra)
            terms["loss_inter"] = config.inter_weight * self.known_loss(logits, inter)
            unknown = (labels == 0).sum().clamp(min=1)
            terms["intra_share"] = (intra != labels).sum() / unknown
            terms["inter_share"] = (inter != labels).sum() / unknown
        return terms
