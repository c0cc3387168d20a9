"""SCPNet: learned prompts refined by a graph of class relations, and pseudo-labels that two views must agree on."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import torch
from torch import Tensor, nn

from bench.settings.config import integer, log_float, setting, uniform
from methods.base import METHODS, Batch, Features, Method, MethodConfig, Task
from methods.layers.aggregation import cosine_map, spatial_softmax, spatial_weights
from methods.layers.prompts import PROMPT_TEMPLATES, PromptLearner, template_features
from methods.layers.scales import RELEASED, Scale, require_positive, tied
from methods.layers.token_dropout import TokenDropout
from methods.losses.correction import splc_loss
from methods.parts import NEVER, Part
from methods.structure.class_activation import ClassActivation
from methods.structure.relations import GraphConvolutions, relation_graph, relation_targets, top_relations

LOG_FLOOR = 1e-8


@dataclass(frozen=True, kw_only=True)
class SCPNetConfig(MethodConfig):
    """Defaults: the official values for COCO (configs/scpnet+coco.yaml), with counts of classes as shares of C."""

    ctx_init: str = setting("a photo of a", "words that the shared context starts from")
    n_ctx: int = setting(4, "context vectors, as many as those words", ge=1)
    image: Literal["pooled", "dense"] = setting(
        "pooled", "what texts are compared with: CLIP's pooled vector (official), or tokens pooled by the similarities"
    )
    scale: Scale = setting(
        10.0,
        "fixed factor on cosines; 'checkpoint' is the logit scale that the CLIP was trained with (official for NUS, "
        "where it is trained on)",
    )
    gcn_lr: float = setting(1 / 3, "factor on lr for the graph convolutions: 1e-5 beside 3e-5", gt=0)
    relation_top: float = setting(0.775, "share of related classes kept in each row (62 of COCO's 80)", gt=0, le=1)
    relation_temperature: float = setting(0.2, "temperature of the relations' row softmax", gt=0)
    self_weight: float = setting(0.8, "weight of a class itself in the graph; its relatives share the rest", gt=0, lt=1)
    tau: float = setting(
        0.6, "SPLC: unlisted labels above this probability become positives", gt=0, lt=1, search=uniform(0.4, 0.9)
    )
    change_epoch: int = setting(1, "SPLC: from this epoch on (counted from 0)", ge=0)
    consistency: float = setting(0.125, "weight of the consistency loss", ge=0, search=log_float(0.01, 1))
    relation_weight: float = setting(1.0, "lambda: weight of the relation-smoothed targets", ge=0, search=uniform(0, 2))
    hard_k: int = setting(
        2, "pseudo-labels an image may have (COCO 2, VOC 5, NUS 6, CUB 31)", ge=1, search=integer(1, 5)
    )
    token_drop: float = setting(
        0.5,
        "share of tokens (dense) or entries (pooled) dropped for the strong view where the run makes none",
        ge=0,
        lt=1,
    )

    epochs: int = setting(20, "training epochs", ge=0)
    batch_size: int = setting(128, "images in a batch", ge=1)
    optimizer: Literal["sgd", "adam", "adamw"] = setting("adam", "optimiser (SGD has momentum 0.9)")
    lr: float = setting(3e-5, "base learning rate", gt=0, search=log_float(1e-5, 3e-2))
    weight_decay: float = setting(
        1e-4, "weight decay (decoupled with adamw, L2 otherwise)", ge=0, search=log_float(1e-5, 1e-1)
    )

    def __post_init__(self) -> None:
        require_positive(self, "scale")


def consistency_loss(
    strong: Tensor, chance: Tensor, pseudo: Tensor, confident: Tensor, relations: Tensor, relation_weight: float
) -> Tensor:
    """Sum over confident images (B,) of BCE(p, pseudo) + weight BCE(p, q R^T), p the strong view's probabilities.

    strong: logits (B, C); chance: q (B, C) of the weak view, a constant; relations: R (C, C).
    """
    with torch.autocast(strong.device.type, enabled=False):
        p, chance = torch.sigmoid(strong.float()), chance.float()
        log_p, log_not = p.clamp(min=LOG_FLOOR).log(), (1 - p).clamp(min=LOG_FLOOR).log()

        def bce(target: Tensor) -> Tensor:
            return -(target * log_p + (1 - target) * log_not)

        entries = bce(pseudo.float()) + relation_weight * bce(chance @ relations.T)
        return (confident[:, None] * entries).sum()


@METHODS.register("scpnet")
class SCPNet(Method):
    """Structured semantic prior network (Ding et al., CVPR 2023), on a frozen image encoder.

    F (C, D): text features of prompts with one shared context; T = normalise(F + GCN(F)); z = scale cos(x, T).
    loss = SPLC(z of the weak view) + 0.125 consistency(weak view -> strong view)
    The graph comes from the cosines between the classes' texts. The official code draws a second weak view for SPLC.
    """

    version = 2  # an image without pseudo-labels keeps its last; graph weights start as officially
    colour = "olive"
    Config = SCPNetConfig
    text = True
    family = "prompts"
    reference = "Ding et al., Exploring Structured Semantic Prior for Multi Label Recognition, CVPR 2023"
    equation = "z_c = s cos(x, F_c + GCN(F)_c); SPLC(z) + 0.125 m [BCE(p_strong, pseudo) + BCE(p_strong, q R^T)]"
    defaults_from = "official code (single positive labels on COCO)"
    note = (
        "the paper fine-tunes the image encoder; here it is frozen unless the run trains it, and without a strong view "
        "some features are dropped in its place; labels known to be negative stay negative"
    )
    recipes: ClassVar[dict[str, dict[str, Any]]] = {
        "paper": {"epochs": 60, "ema": 0.99969},
        "paper-voc": {
            "hard_k": 5,
            "relation_weight": 2.0,
            "relation_top": 1.0,
            "relation_temperature": 0.3,
            "lr": 4e-5,
        },
    }
    switches: ClassVar[dict[str, Part]] = {
        "correction": Part({"change_epoch": NEVER}, what="SPLC: likely unlisted labels become positives"),
        "consistency": Part({"consistency": 0.0}, what="pseudo-labels of the weak view teach the strong view"),
        "relation targets": Part(
            {"relation_weight": 0.0}, needs=("consistency",), what="targets smoothed by the classes' relations"
        ),
    }
    training_only: ClassVar[tuple[str, ...]] = ("activation",)

    config: SCPNetConfig
    relations: Tensor

    def __init__(self, config: SCPNetConfig, task: Task):
        super().__init__(config, task)
        self.epoch = 0
        self.scale = tied(config.scale, RELEASED, task.logit_scale)
        self.prompts = PromptLearner(
            task.text, task.class_names, config.n_ctx, class_specific=False, init_words=config.ctx_init
        )
        names = template_features(task.text, task.class_names, PROMPT_TEMPLATES["photo"]).float().cpu()
        similarity = names @ names.T
        top = max(1, round(config.relation_top * task.num_classes))
        graph = relation_graph(similarity, top, config.self_weight)
        relations = relation_targets(graph, top_relations(similarity, top), config.relation_temperature)
        self.graph = GraphConvolutions(graph, task.dim)
        self.drop = (nn.Dropout if config.image == "pooled" else TokenDropout)(config.token_drop)
        self.register_buffer("relations", relations, persistent=False)
        self.activation = ClassActivation(len(task.observed), task.num_classes, config.hard_k)

    @classmethod
    def needs_dense(cls, config: SCPNetConfig) -> bool:
        return config.image == "dense"

    @classmethod
    def lr_multipliers(cls, config: SCPNetConfig) -> dict[str, float]:
        return {"graph": config.gcn_lr}

    def start_epoch(self, epoch: int) -> None:
        self.epoch = epoch

    def classes(self) -> Tensor:
        """Class vectors (C, D)."""
        features: Tensor = self.prompts()
        refined: Tensor = features + self.graph(features)
        return refined

    def match(self, features: Features, classes: Tensor) -> Tensor:
        """Logits (B, C)."""
        if self.config.image == "pooled":
            return self.scale * cosine_map(features.pooled, classes)
        similarity = self.scale * cosine_map(features.dense, classes)
        return spatial_softmax(similarity, similarity)[0]

    @torch.no_grad()
    def attention(self, features: Features) -> Tensor | None:
        """softmax_t(s cos(x_t, class vector)) with image=dense: (B, C, HW)."""
        if self.config.image == "pooled":
            return None
        return spatial_weights(self.scale * cosine_map(features.dense, self.classes()))

    def strong(self, batch: Batch) -> Features:
        """The strong view: the run's own, or the same features with some of them dropped."""
        if batch.strong is not None:
            return batch.strong
        dense, pooled = batch.features
        if self.config.image == "pooled":
            return Features(dense, self.drop(pooled))
        return Features(self.drop(dense), pooled)

    def loss(self, batch: Batch) -> dict[str, Tensor]:
        classes = self.classes()
        weak = self.match(batch.features, classes)
        strong = self.match(self.strong(batch), classes)
        chance = torch.sigmoid(weak.detach().float())
        pseudo, confident = self.activation.choose(chance, batch.labels, batch.rows)
        consistency = consistency_loss(strong, chance, pseudo, confident, self.relations, self.config.relation_weight)
        splc, corrected = splc_loss(
            weak, batch.labels, tau=self.config.tau, correct=self.epoch >= self.config.change_epoch
        )
        taught = pseudo & confident[:, None] if self.config.consistency else torch.zeros_like(pseudo)
        self.record(batch, positive=corrected | taught)  # in either view
        return {"loss_splc": splc, "loss_consistency": self.config.consistency * consistency}

    @torch.no_grad()
    def scorer(self) -> Callable[[Features], Tensor]:
        classes = self.classes()

        @torch.no_grad()
        def score(features: Features) -> Tensor:
            return self.match(features, classes).float()

        return score
