"""TRM-ML: text-region matching for multi-label recognition with missing labels."""

from collections.abc import Callable
from typing import Any, ClassVar

import torch
from torch import Tensor
from torch.nn import functional as F

from methods.base import METHODS, Batch, Features, Method, Task
from methods.parts import Part
from methods.trm_ml.ablation import LADDER, SENSITIVITY, SWITCHES
from methods.trm_ml.config import TRMConfig
from methods.trm_ml.contrast import contrastive_loss, gather_elements
from methods.trm_ml.distillation import feature_distillation, local_teacher, logit_distillation, text_consistency
from methods.trm_ml.evidence import prototype_evidence
from methods.trm_ml.labelling import pseudo_labels
from methods.trm_ml.levels import Levels
from methods.trm_ml.matching import Matching
from methods.trm_ml.modules import build_memory, build_regions, build_texts
from methods.trm_ml.regions import Regions, TextPixel
from methods.trm_ml.texts import Texts
from methods.trm_ml.thresholds import Thresholds


@METHODS.register("trm_ml")
class TRMML(Method):
    """TRM-ML (ACM MM 2024) after its patent: region and query level of each category, a memory of both modalities.

    Shapes: B images, C classes, HW tokens, D dimensions.
    """

    name = "trm_ml"
    version = 2
    colour = "vermillion"
    Config = TRMConfig
    text = True
    family = "prompts"
    reference = "Ma et al., Text-Region Matching for Multi-Label Image Recognition with Missing Labels, ACM MM 2024"
    equation = (
        "z_c = s <(r_c + h_c) / 2, t_c - n_c>, r_c = sum_n a_cn F_n, h_c = MLP(attention of query c over F), n_c "
        "trained; ASL(known and pseudo-labels) + KL(r -> h) + contrast(h, prototypes, t)"
    )
    defaults_from = (
        "graded field by field: public pages [P], the patent's abstract [T], the author's other code [A], nearest "
        "relatives [R], ours [U]"
    )
    note = (
        "A reconstruction from public descriptions and the abstract of patent CN119399505A: the official repository "
        "holds no code, and the paper's equations, settings and tables could not be read. No number here is the "
        "authors'. `trm_ml_first` is the reconstruction from before the patent was found."
    )
    flags = ("reconstruction",)
    recipes: ClassVar[dict[str, dict[str, Any]]] = {
        # The EMA decays by 0.82 an epoch, as in SCPNet: 0.9975 at VOC 2007's 78 iterations. [A]
        "paper": {"epochs": 40, "batch_size": 64, "optimizer": "adamw", "schedule": "onecycle", "ema": 0.9975},
        "paper-coco": {"epochs": 20, "warmup": 2, "ema": 0.99985},
    }
    switches: ClassVar[dict[str, Part]] = SWITCHES
    ladder: ClassVar[dict[str, dict[str, Any]]] = LADDER
    sensitivity: ClassVar[dict[str, tuple[Any, ...]]] = SENSITIVITY
    training_only: ClassVar[tuple[str, ...]] = ("thresholds",)

    config: TRMConfig
    never_negative: Tensor

    def __init__(self, config: TRMConfig, task: Task):
        super().__init__(config, task)
        self.epoch = 0
        self.sharpness = config.attention_scale * task.logit_scale
        self.texts = build_texts(config, task)
        template = self.texts.template
        self.regions = build_regions(config, template, task) if config.regions else TextPixel(self.sharpness)
        self.matching = Matching(
            task.num_classes,
            config.logit_scale * task.logit_scale,
            learn_scale=config.learn_scale,
            bias=config.bias,
        )
        self.prototypes = build_memory(config, template) if config.remembers else None
        learned_thresholds = config.pseudo and config.pseudo_rule == "quantile"
        self.thresholds = None
        if learned_thresholds:
            self.thresholds = Thresholds(task.observed, config.pseudo_precision, config.pseudo_miss)
        never_negative = ~(task.observed == -1).any(dim=0)
        self.register_buffer("never_negative", never_negative, persistent=False)
        self.assumes_negatives = bool(config.assume_negative and never_negative.any())

    def loss(self, batch: Batch) -> dict[str, Tensor]:
        """The steps of the method; every part that is switched on adds its own terms."""
        labels = batch.labels
        tokens = F.normalize(batch.features.dense, dim=-1)  # 1. frozen dense features
        texts = self.texts()  # 2. prompts through the frozen text tower
        regions = self.regions(texts.category, tokens)  # 3. saliency maps; features at both levels
        with torch.autocast(tokens.device.type, enabled=False):
            features = regions.levels
            logits = self._match(features, texts)  # 4. each text meets its region
            terms = {"loss_match": self._supervised(logits, labels)}  # 5. known labels
            terms |= self._distillation(tokens, texts.category, features, logits)  # 6. region level teaches query level
            memorable = F.normalize(features.at(self.config.memory_level), dim=-1)
            evidence = self._evidence(memorable, logits)
            pseudo = self.pseudo_labels(evidence, labels)  # 7. unknown labels
            if self.config.pseudo:
                self.record(batch, positive=pseudo > 0, negative=pseudo < 0)
            terms |= self._unknown(logits, labels, pseudo)
            terms |= self._contrast(memorable, labels, pseudo, texts.category)  # 8. with the memory of both modalities
            self._remember(memorable, texts.category, evidence, labels)  # 9. prototypes, from known labels alone
        return terms  # 10. MMEngine adds up what is called a loss

    @torch.no_grad()
    def scorer(self) -> Callable[[Features], Tensor]:
        texts = self.texts()

        @torch.no_grad()
        def score(features: Features) -> Tensor:
            regions = self.regions(texts.category, F.normalize(features.dense, dim=-1))
            with torch.autocast(regions.saliency.device.type, enabled=False):
                return self._match(regions.levels, texts).score(self.config.scored)

        return score

    @torch.no_grad()
    def attention(self, features: Features) -> Tensor:
        """The saliency maps, mean over heads of the last layer: (B, C, HW), rows sum to 1.

        softmax_t(<W_q (t_c + a_c), W_k (f_t + pos_t)> / sqrt(D / heads)), t_c the text, a_c the trained embedding;
        with regions=false softmax_t(sharpness <t_c, f_t>). The region level averages the tokens by them as they are;
        on the query level values, MLP and residuals come after them.
        """
        regions: Regions = self.regions(self.texts().category, F.normalize(features.dense, dim=-1))
        return regions.saliency

    def start_epoch(self, epoch: int) -> None:
        """Thresholds are set between epochs, so that what counts as evidence stands still within one."""
        self.epoch = epoch
        if self.thresholds is not None:
            self.thresholds.estimate()

    @classmethod
    def lr_multipliers(cls, config: TRMConfig) -> dict[str, float]:
        return {"contexts": config.context_lr}

    @torch.no_grad()
    def pseudo_labels(self, evidence: Tensor, labels: Tensor) -> Tensor:
        """int8 (B, C), 0 at known entries of labels (B, C), and everywhere during the warm-up."""
        if not self.config.pseudo or self.epoch < self.config.warmup:
            return torch.zeros_like(labels)
        if self.thresholds is not None:
            return pseudo_labels(evidence, labels, self.thresholds.upper, self.thresholds.lower)
        return pseudo_labels(evidence, labels, self.config.pseudo_margin, -self.config.pseudo_margin)

    def _match(self, features: Levels, texts: Texts) -> Levels:
        return features.map(lambda level: self.matching(level, texts))

    def _supervised(self, logits: Levels, labels: Tensor) -> Tensor:
        """ASL of the labels that are not 0, mean over the logits that labels train."""
        trained = logits.supervised(self.config.supervised)
        losses = [self.config.asymmetric_loss(level, labels) for level in trained]
        return torch.stack(losses).mean()

    def _distillation(self, tokens: Tensor, text: Tensor, features: Levels, logits: Levels) -> dict[str, Tensor]:
        config, template = self.config, self.texts.template
        terms = {}
        if config.kd == "features":
            pair = (features.at("query"), features.at("region"))
            terms["loss_kd"] = config.kd_weight * feature_distillation(*pair, detach=config.teacher_detached)
        if "logits" in config.kd:
            teacher = logits.at("region") if config.teacher == "region" else self._clip_teacher(tokens)
            terms["loss_kd"] = config.kd_weight * logit_distillation(
                logits.at("query"), teacher, config.kd_temperature, detach=config.teacher_detached
            )
        if "text" in config.kd:
            terms["loss_text"] = config.consistency_weight * text_consistency(text, template)
        return terms

    def _clip_teacher(self, tokens: Tensor) -> Tensor:
        scale = self.config.teacher_scale * self.task.logit_scale
        return local_teacher(tokens, self.texts.template, self.sharpness, scale)

    @torch.no_grad()
    def _evidence(self, memorable: Tensor, logits: Levels) -> Tensor:
        """(B, C), larger = more likely present: from prototypes, or the model's own logits."""
        config, prototypes = self.config, self.prototypes
        if not config.pseudo or config.pseudo_score == "logit" or prototypes is None:
            return logits.score(config.scored).detach()
        negative = (prototypes.negative, prototypes.has_negative) if config.pseudo_negative else (None, None)
        return prototype_evidence(
            memorable.detach(),
            prototypes.positive,
            prototypes.has_positive,
            prototypes.text,
            *negative,
            modality=config.pseudo_modality,
            inter=config.pseudo_inter,
        )

    def _unknown(self, logits: Levels, labels: Tensor, pseudo: Tensor) -> dict[str, Tensor]:
        """Losses of unknown entries: pseudo-labels, and negatives where a class has no known one to learn from."""
        config = self.config
        unknown = labels == 0
        terms = {}
        if config.pseudo:
            decided = (pseudo != 0).sum()
            terms["loss_pseudo"] = config.pseudo_weight * self._supervised(logits, pseudo)
            terms["pseudo_share"] = decided / unknown.sum().clamp(min=1)
            terms["pseudo_positive_share"] = (pseudo == 1).sum() / decided.clamp(min=1)
        if self.assumes_negatives:
            assumed = -(unknown & self.never_negative & (pseudo == 0)).to(labels.dtype)
            terms["loss_assumed"] = config.assume_negative * self._supervised(logits, assumed)
        return terms

    def _contrast(self, memorable: Tensor, labels: Tensor, pseudo: Tensor, text: Tensor) -> dict[str, Tensor]:
        config, prototypes = self.config, self.prototypes
        if not config.contrast:
            return {}
        present = labels + pseudo if config.contrast_pseudo else labels
        visual = None
        if prototypes is not None:
            text = prototypes.text if config.contrast_text == "prototype" else text
            visual = prototypes.visual() if config.contrast_prototypes else None
        elements, classes = gather_elements(memorable, present, text, visual)
        loss = contrastive_loss(
            elements,
            classes,
            config.contrast_temperature,
            negative_weight=config.contrast_negative_weight,
            margin=config.contrast_margin,
        )
        weight = config.contrast_weight * min(1.0, (self.epoch + 1) / (config.warmup + 1))
        return {"loss_contrast": weight * loss}

    @torch.no_grad()
    def _remember(self, memorable: Tensor, text: Tensor, evidence: Tensor, labels: Tensor) -> None:
        if self.prototypes is not None:
            self.prototypes.update(memorable, labels, text)
        if self.thresholds is not None:
            self.thresholds.remember(evidence, labels)
