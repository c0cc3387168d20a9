"""LAC: pseudo-labels that a strong view must keep, and a contrast of class-wise features among images."""

from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from bench.settings.config import log_float, setting, uniform
from methods.base import METHODS, Batch, Features, Task
from methods.baselines.query2label import QueryDecoder
from methods.head_method import LogitMethod
from methods.known_negatives import POSITIVES_ONLY, KnownNegativesConfig
from methods.layers.strong_view import StrongView
from methods.losses import binary_cross_entropy
from methods.losses.supervised_contrast import supervised_contrast
from methods.parts import NEVER, Part
from methods.structure.pair_queue import PairQueue


@dataclass(frozen=True, kw_only=True)
class LACConfig(KnownNegativesConfig):
    """Defaults: the released code's loss; width and optimiser for frozen features on a CPU, as query2label's."""

    hidden: int = setting(128, "width of the transformer; 0: the features' own, without a projection", ge=0)
    heads: int = setting(4, "attention heads", ge=1)
    encoder_layers: int = setting(1, "self-attention layers over the tokens", ge=0)
    decoder_layers: int = setting(2, "layers in which the queries look over the tokens", ge=1)
    dropout: float = setting(0.1, "dropout in all layers", ge=0, lt=1, search=uniform(0, 0.5))
    projection: int = setting(128, "size of the vectors that are contrasted", ge=1)
    queue: int = setting(512, "pairs of vectors that are contrasted", ge=1)
    temperature: float = setting(0.5, "temperature of the contrast", gt=0, search=log_float(0.1, 1))
    early_threshold: float = setting(
        0.6, "chance from which a label or its absence is sure, before the contrast begins", gt=0.5, lt=1
    )
    threshold: float = setting(0.9, "the same from then on", gt=0.5, lt=1, search=uniform(0.6, 0.99))
    consistency: float = setting(1.0, "weight of the sure labels' loss", ge=0, search=log_float(0.1, 3))
    contrast: float = setting(1.0, "weight of the contrast", ge=0, search=log_float(0.01, 3))
    second_stage: float = setting(0.3, "share of the epochs before the contrast begins", ge=0, le=1)
    drop: float = setting(
        0.3, "share of the features left out for the strong view, where the run makes none", ge=0, lt=1
    )
    lr: float = setting(3e-4, "base learning rate", gt=0, search=log_float(1e-4, 1e-2))

    def __post_init__(self) -> None:
        if self.hidden % self.heads or self.hidden % 4:
            raise ValueError(
                f"hidden = {self.hidden} must be a multiple of heads = {self.heads} and of 4 (for positions)"
            )


@torch.no_grad()
def sure_chances(logits: Tensor, labels: Tensor, threshold: float) -> Tensor:
    """Signs (B, C) of what is sure, 0 where nothing is: +1 where s >= threshold, -1 where s < 1 - threshold.

    s = sigmoid(z), and 1 or 0 where the label is known.
    """
    chance = torch.where(labels == 0, torch.sigmoid(logits.detach().float()), (labels > 0).float())
    return (chance >= threshold).to(torch.int8) - (chance < 1 - threshold).to(torch.int8)


@METHODS.register("lac")
class LAC(LogitMethod):
    """Label-aware global consistency (Xie et al., NeurIPS 2022), on Query2Label's decoder over frozen tokens.

    h_c: the state of class c's query;  z_c = w_c . LN(h_c) + b_c;  f_c = unit(W2 relu(W1 h_c))
    loss = mean BCE(z_weak, y), unknown as negative, + mean over sure labels of BCE(z_strong, sure label of z_weak)
        + from a third on SupCon over the last 512 pairs (f_weak, f_strong) of sure positives, by their classes

    The paper trains twice, the second time from the best weights of the first; here the contrast joins later. Its
    queue starts anew at its front when it would overflow, and keeps what is behind; this one goes round. A batch
    without a sure label has no consistency loss, which is NaN in the released code. That code picks its epochs by clean
    labels of held-out images, and its strong view is RandAugment's.
    """

    Config = LACConfig
    family = "corrections"
    reference = (
        "Xie et al., Label-Aware Global Consistency for Multi-Label Learning with Single Positive Labels, NeurIPS 2022"
    )
    source, licence = "milkxie/SPML-LAC at a6300529", "none stated"
    equation = "BCE(weak, y) + BCE(strong, sure labels of weak) / #sure + SupCon(class-wise features of sure positives)"
    defaults_from = "released code's loss and queue; width, epochs and rate ours, for frozen features"
    note = (
        "one training in place of two; known negatives, which the paper does not have, are used; without augmented "
        "views, the strong view is random entries left out"
    )
    recipes: ClassVar[dict[str, dict[str, Any]]] = {
        "paper": {
            "hidden": 0,
            "optimizer": "adamw",
            "lr": 1e-4,
            "weight_decay": 1e-2,
            "schedule": "onecycle",
            "batch_size": 32,
            "epochs": 40,
            "ema": 0.9997,
        },
        "positives-only": POSITIVES_ONLY,
    }
    switches: ClassVar[dict[str, Part]] = {
        "consistency": Part({"consistency": 0.0}, what="the weak view's sure labels teach the strong view"),
        "contrast": Part({"second_stage": 1.0}, what="class-wise features of sure positives are contrasted"),
    }
    training_only: ClassVar[tuple[str, ...]] = ("projector", "pairs")

    config: LACConfig

    def __init__(self, config: LACConfig, task: Task):
        super().__init__(config, task)
        self.head = QueryDecoder(
            task.dim,
            task.num_classes,
            task.grid,
            hidden=config.hidden,
            ffn=4,
            heads=config.heads,
            encoder_layers=config.encoder_layers,
            decoder_layers=config.decoder_layers,
            self_attention=False,
            dropout=config.dropout,
        )
        width = config.hidden or task.dim
        self.contrasted = config.contrast > 0 and config.second_stage < 1 and config.epochs > 1
        if self.contrasted:
            self.projector = nn.Sequential(nn.Linear(width, width), nn.ReLU(), nn.Linear(width, config.projection))
            self.pairs = PairQueue(config.queue, config.projection, task.observed.device)
        self.view = StrongView(config.drop, in_place=True)
        self.second = NEVER
        if self.contrasted:
            self.second = min(max(1, round(config.second_stage * config.epochs)), config.epochs - 1)
        self.epoch = 0  # set by `start_epoch`, so it need not be in a checkpoint

    def start_epoch(self, epoch: int) -> None:
        self.epoch = epoch

    def logits(self, features: Features) -> Tensor:
        logits: Tensor = self.head(features.dense)
        return logits

    def loss(self, batch: Batch) -> dict[str, Tensor]:
        config, labels = self.config, self.config.visible(batch.labels)
        late = self.epoch >= self.second
        weak, strong = (self.head.look(view.dense)[0] for view in (batch.features, self.view(batch)))
        logits = self.head.classify(weak)
        terms = {"loss_bce": binary_cross_entropy(logits, labels, unknown="negative", reduction="mean")}
        sure = sure_chances(logits, labels, config.threshold if late else config.early_threshold)
        if config.consistency:
            self.record(batch, positive=sure > 0, negative=sure < 0)
            agreement = binary_cross_entropy(self.head.classify(strong), sure, reduction="mean/known")
            terms["loss_consistency"] = config.consistency * agreement
        if late:
            image, which = (sure > 0).nonzero(as_tuple=True)
            vectors = torch.stack([F.normalize(self.projector(view[image, which]), dim=-1) for view in (weak, strong)])
            contrast = supervised_contrast(*self.pairs(vectors, which), temperature=config.temperature)
            terms["loss_contrast"] = config.contrast * contrast
        return terms

    @torch.no_grad()
    def attention(self, features: Features) -> Tensor:
        """softmax_t of query and key in the last decoder layer, mean over heads: (B, C, HW)."""
        return self.head.look(features.dense)[1]
