"""Settings of the second reconstruction, each with the grade of its evidence.

[P] stated by the paper's public pages; [T] by the abstract of the method's patent; [A] found in the first author's
other public code of the same months; [R] taken from the nearest public relatives; [U] unknown, ours.
"""

from dataclasses import dataclass
from typing import Literal

from bench.settings.config import log_float, setting, uniform
from methods.asymmetric_config import FocusConfig
from methods.layers.attention import Start
from methods.losses import Reduction
from methods.trm_ml.evidence import Modality
from methods.trm_ml.levels import Level, Score, Supervised
from methods.trm_ml.matching import Bias
from methods.trm_ml.regions import Query
from methods.trm_ml.texts import Negative


@dataclass(frozen=True, kw_only=True)
class TRMConfig(FocusConfig):
    """Settings of TRM-ML; each part can be switched off, and the defaults are the whole method."""

    epochs: int = setting(40, "training epochs [A: ML-VPT]", ge=0)
    lr: float = setting(
        2e-4, "base learning rate, of the decoder and the MLP [A: VMamba_MLIR]", gt=0, search=log_float(1e-4, 1e-2)
    )
    context_lr: float = setting(
        5.0, "factor on lr for the contexts: 1e-3 in the author's DualCoOp run [A]", gt=0, search=log_float(1, 20)
    )
    weight_decay: float = setting(1e-2, "decoupled weight decay [A]", ge=0)

    # the parts
    regions: bool = setting(
        True, "saliency maps by cross-attention [P][T]; off is the text-pixel baseline, DualCoOp's pooling [R]"
    )
    query_level: bool = setting(True, "query-level features beside the region-level ones [T]; needs `regions`")
    kd: Literal["none", "logits", "features", "text", "logits+text"] = setting(
        "logits", "distillation [P][T] of logits [A: kl_loss] or features [U], from template texts [A: kcr], or none"
    )
    contrast: bool = setting(True, "multimodal contrast of features, prototypes and texts [P][T]")
    pseudo: bool = setting(True, "pseudo-labels of unknown entries [P][T]")

    # texts
    contexts: Literal["learned", "template"] = setting(
        "learned", "prompt tuning [P: abstract] or fixed template texts [P: literal reading of Figure 2's caption]"
    )
    n_ctx: int = setting(16, "context vectors of a prompt [A]", ge=1)
    class_specific: bool = setting(True, "each class has its own contexts [A]")
    ctx_init: str = setting("", "words that the contexts start from (as many as n_ctx); empty: N(0, 0.02^2) [A]")
    templates: Literal["photo", "ensemble"] = setting("photo", "template texts of teacher and prototypes [A: KgCoOp's]")
    negative: Negative = setting(
        "free",
        "what is subtracted in the score: nothing [R: SCPNet], a prompt [A: DualCoOp], or a vector [R: PositiveCoOp, "
        "which keeps it at unit length; U: here it is free]",
    )

    # category-aware region learning
    query: Query = setting(
        "text+embed", "category query: text, trained embedding, or both (it starts at 0) [P: is trained; U: which]"
    )
    query_residual: bool = setting(False, "the query also enters the region; Query2Label starts at zero [R]")
    layers: int = setting(1, "decoder layers, cross-attention only [A]", ge=1)
    heads: int = setting(4, "attention heads [A]", ge=1)
    ffn: int = setting(2048, "width of the decoder's feed-forward part, 0 for none [A]", ge=0)
    dropout: float = setting(0.1, "dropout in the decoder [A]", ge=0, lt=1)
    position: Literal["none", "sine"] = setting("sine", "2-D position on the keys [A: Query2Label's]")
    position_scale: float = setting(0.0, "trained factor on the position at the start; Query2Label has 1 [U]")
    init: Start = setting(
        "identity", "projections start at identity and branches at zero [U], or as in Query2Label [R]"
    )
    attention_scale: float = setting(
        0.2,
        "sharpness of attention at the start, and of the teacher's throughout, of the backbone's logit scale (20 of "
        "CLIP's 100) [R: DualCoOp]",
        gt=0,
    )
    mlp: Literal["none", "region", "text", "both"] = setting("region", "where the simple MLP [P] sits [U]")
    mlp_residual: bool = setting(True, "the MLP adds to its input and starts at zero [U]; SADCL's does not [A]")

    region_norm: bool = setting(
        True, "region-level features have unit norm, as query-level ones have; else they are means of unit tokens [U]"
    )
    supervised: Supervised = setting(
        "query", "whose logits the labels train: one level's, each level's (mean of two losses), or their mean [U]"
    )
    scored: Score = setting("mean", "which level meets the text at test time, or the mean of both logits [U]")

    # text-region matching
    logit_scale: float = setting(
        0.2, "logit scale at the start, of the backbone's own (20 of CLIP's 100) [U]", gt=0, search=log_float(0.05, 0.5)
    )
    learn_scale: bool = setting(True, "the logit scale is trained [A]")
    bias: Bias = setting("none", "bias of the logits [U]")
    gamma_pos: float = setting(1.0, "ASL's focus on positives [R: TaI-DPT, DualCoOp]", ge=0)
    gamma_neg: float = setting(2.0, "ASL's focus on negatives [R: TaI-DPT, DualCoOp]", ge=0, search=uniform(0, 4))
    clip: float = setting(0.05, "ASL's shift of negative probabilities [R: TaI-DPT, DualCoOp]", ge=0)
    reduction: Reduction = setting("sum/batch", "of the classification losses [A]")
    assume_negative: float = setting(
        1.0, "weight of unknown entries taken as negative, in classes without a known negative only [R: SPLC]", ge=0
    )

    # knowledge distillation
    kd_weight: float = setting(1.0, "weight of the distillation from the teacher [U]", ge=0, search=log_float(0.01, 3))
    teacher: Literal["region", "clip"] = setting(
        "region", "who teaches the logits: the region level [T], or CLIP's own local scores [A, against T]"
    )
    teacher_detached: bool = setting(True, "no gradient reaches the teacher [R: the usual form; U]")
    kd_temperature: float = setting(4.0, "temperature of the logit distillation [A]", gt=0)
    teacher_scale: float = setting(
        0.5, "logit scale of teacher=clip, of the backbone's own (50 of CLIP's 100) [A]", gt=0
    )
    consistency_weight: float = setting(4.0, "weight of the text consistency [A: cls_kcr_coef]", ge=0)

    # prototypes and pseudo-labels
    memory_level: Level = setting(
        "query", "features that are contrasted, remembered and compared with prototypes [T: such a level; U: which]"
    )
    memory: Literal["prototype", "queue"] = setting(
        "prototype", "the memory block of a class: a moving average [P], or a queue of its latest features [U]"
    )
    memory_size: int = setting(16, "features of a class in its queue [U]", ge=1)
    momentum: float = setting(0.99, "of the prototypes [A: SADCL]", ge=0, lt=1)
    warmup: int = setting(5, "epochs before pseudo-labels [R: HCP-MLR-PL], over which the contrast rises", ge=0)
    pseudo_weight: float = setting(
        1.0, "weight of the pseudo-labels' loss [A: simply added]", ge=0, search=uniform(0.1, 1)
    )
    pseudo_score: Literal["prototype", "logit"] = setting(
        "prototype", "evidence for pseudo-labels: similarity to prototypes [P], or the model's own logit [A]"
    )
    pseudo_rule: Literal["quantile", "fixed"] = setting(
        "quantile", "thresholds by class from known labels [U], or +-pseudo_margin [A: such a branch; R: its value]"
    )
    pseudo_precision: float = setting(
        0.8, "precision of positives on known labels, rule quantile [U]", gt=0, lt=1, search=uniform(0.6, 0.98)
    )
    pseudo_miss: float = setting(
        0.02, "share of known positives below the lower threshold, rule quantile [U]", ge=0, lt=1
    )
    pseudo_margin: float = setting(
        0.9, "threshold of rule fixed [R: TaI-DPT's 0.9, which only decodes labels there]", ge=0
    )
    pseudo_modality: Modality = setting("both", "prototypes that evidence is taken from [P: within and across]")
    pseudo_inter: bool = setting(True, "evidence is taken against other categories [P: inter-class]")
    pseudo_negative: bool = setting(True, "evidence is taken against negative visual prototypes [A]")

    # multimodal contrast
    contrast_weight: float = setting(0.1, "weight at the end of its rise [U]", ge=0, search=log_float(0.01, 0.5))
    contrast_temperature: float = setting(0.2, "temperature [A: SADCL]", gt=0)
    contrast_prototypes: bool = setting(True, "the memory's visual elements take part [T]")
    contrast_text: Literal["learned", "prototype"] = setting(
        "learned", "the texts that take part [T]: as they are learned now, or their prototypes in the memory [U]"
    )
    contrast_negative_weight: float = setting(
        1.0, "weight of other classes in the contrast; 1 is SADCL's [A]; the patent says 'moderately' [T; U: how]", ge=0
    )
    contrast_margin: float = setting(
        -1.0, "cosine up to which other classes are pushed away; -1: always [A: SADCL; U]", ge=-1, le=1
    )
    contrast_pseudo: bool = setting(
        False, "features of pseudo-positives take part too [U]; no gain on held-out images of the embedded data"
    )

    def __post_init__(self) -> None:
        if self.query_level and not self.regions:
            raise ValueError("query_level=true needs regions=true; set query_level=false")
        if self.distils_levels and not self.query_level:
            raise ValueError(f"kd={self.kd} with teacher=region needs query_level=true; set kd=none or kd=text")
        if self.kd == "features" and self.teacher == "clip":
            raise ValueError("kd=features needs teacher=region: CLIP's local scores are logits; set kd=logits")

    @property
    def distils_levels(self) -> bool:
        """Whether the region level teaches the query level."""
        return self.teacher == "region" and self.kd not in ("none", "text")

    @property
    def region_level(self) -> bool:
        """Whether anything reads region-level features."""
        choices = (self.scored, self.supervised)
        read = self.distils_levels or self.memory_level == "region" or any(choice != "query" for choice in choices)
        return read or not self.query_level

    @property
    def remembers(self) -> bool:
        """Whether anything reads the memory of prototypes."""
        evidence = self.pseudo and self.pseudo_score == "prototype"
        return evidence or (self.contrast and (self.contrast_prototypes or self.contrast_text == "prototype"))
