"""Settings of the reconstruction, each with the grade of its evidence.

[P] stated by the paper's public pages; [A] found in the first author's other public code of the same months;
[R] taken from the nearest public relatives; [U] unknown, ours.
"""

from dataclasses import dataclass
from typing import Literal

from bench.settings.config import log_float, setting, uniform
from methods.asymmetric_config import FocusConfig
from methods.layers.attention import Start
from methods.losses import Reduction
from methods.trm_ml.evidence import Modality
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
    regions: bool = setting(True, "category-aware regions [P]; off is the text-pixel baseline, DualCoOp's pooling [R]")
    kd: Literal["none", "logits", "text", "logits+text"] = setting(
        "logits", "distillation [P] from CLIP's local logits [A: kl_loss], template texts [A: kcr], both or none"
    )
    prototypes: bool = setting(True, "visual and text prototypes [P]")
    pseudo: bool = setting(True, "pseudo-labels of unknown entries [P]; from prototypes they need `prototypes`")
    contrast: bool = setting(True, "multimodal contrast of regions and texts [P]")

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

    # text-region matching
    logit_scale: float = setting(
        0.2, "logit scale at the start, of the backbone's own (20 of CLIP's 100) [U]", gt=0, search=log_float(0.05, 0.5)
    )
    learn_scale: bool = setting(True, "the logit scale is trained [A]")
    bias: Bias = setting("none", "bias of the logits [U]")
    gamma_pos: float = setting(1.0, "ASL's focus on positives [A]", ge=0)
    gamma_neg: float = setting(2.0, "ASL's focus on negatives [A]", ge=0, search=uniform(0, 4))
    clip: float = setting(0.05, "ASL's shift of negative probabilities [A]", ge=0)
    reduction: Reduction = setting("sum/batch", "of the classification losses [A]")
    assume_negative: float = setting(
        1.0, "weight of unknown entries taken as negative, in classes without a known negative only [R: SPLC]", ge=0
    )

    # knowledge distillation
    kd_weight: float = setting(1.0, "weight of the logit distillation [U]", ge=0, search=log_float(0.01, 3))
    kd_temperature: float = setting(4.0, "temperature of the logit distillation [A]", gt=0)
    teacher_scale: float = setting(0.5, "teacher's logit scale, of the backbone's own (50 of CLIP's 100) [A]", gt=0)
    consistency_weight: float = setting(4.0, "weight of the text consistency [A: cls_kcr_coef]", ge=0)

    # prototypes and pseudo-labels
    momentum: float = setting(0.99, "of the prototypes [A: SADCL]", ge=0, lt=1)
    warmup: int = setting(5, "epochs before pseudo-labels [R: HCP-MLR-PL], over which the contrast rises", ge=0)
    pseudo_weight: float = setting(
        1.0, "weight of the pseudo-labels' loss [A: simply added]", ge=0, search=uniform(0.1, 1)
    )
    pseudo_score: Literal["prototype", "logit"] = setting(
        "prototype", "evidence for pseudo-labels: similarity to prototypes [P], or the model's own logit [A]"
    )
    pseudo_rule: Literal["quantile", "fixed"] = setting(
        "quantile", "thresholds by class from known labels [U], or +-pseudo_margin [A]"
    )
    pseudo_precision: float = setting(
        0.8, "precision of positives on known labels, rule quantile [U]", gt=0, lt=1, search=uniform(0.6, 0.98)
    )
    pseudo_miss: float = setting(
        0.02, "share of known positives below the lower threshold, rule quantile [U]", ge=0, lt=1
    )
    pseudo_margin: float = setting(0.9, "threshold of rule fixed; 0.9 goes with logits [A]", ge=0)
    pseudo_modality: Modality = setting("both", "prototypes that evidence is taken from [P: within and across]")
    pseudo_inter: bool = setting(True, "evidence is taken against other categories [P: inter-class]")
    pseudo_negative: bool = setting(True, "evidence is taken against negative visual prototypes [A]")

    # multimodal contrast
    contrast_weight: float = setting(0.1, "weight at the end of its rise [U]", ge=0, search=log_float(0.01, 0.5))
    contrast_temperature: float = setting(0.2, "temperature [A: SADCL]", gt=0)
    contrast_prototypes: bool = setting(
        False, "visual prototypes take part too [U]; texts alone did better on held-out images of the embedded data"
    )
    contrast_pseudo: bool = setting(
        False, "regions of pseudo-positives take part too [U]; no gain on held-out images of the embedded data"
    )

    def __post_init__(self) -> None:
        if self.pseudo and self.pseudo_score == "prototype" and not self.prototypes:
            raise ValueError(
                "pseudo=true with pseudo_score=prototype needs prototypes=true; set pseudo_score=logit or pseudo=false"
            )
