"""Parts of TRM-ML, the ladder of the patent's components [T], and settings worth a sensitivity curve."""

from typing import Any

from methods.parts import Part

NO_DISTILLATION = {"kd": "none"}
NO_QUERY_LEVEL = {"query_level": False, **NO_DISTILLATION}
NO_REGIONS = {"regions": False, **NO_QUERY_LEVEL}
NO_MEMORY = {"contrast_prototypes": False, "contrast_text": "learned"}
NO_CONTRAST = {"contrast": False, **NO_MEMORY}
NO_EVIDENCE = {"pseudo_score": "logit"}
NO_PSEUDO_LABELS = {"pseudo": False, **NO_EVIDENCE}

SWITCHES: dict[str, Part] = {
    "regions": Part(NO_REGIONS, what="saliency maps and region-level features; off is the text-pixel baseline"),
    "query-level": Part(NO_QUERY_LEVEL, needs=("regions",), what="query-level features; off, region-level ones alone"),
    "distillation": Part(NO_DISTILLATION, needs=("query-level",), what="the region level teaches the query level"),
    "contrast": Part(NO_CONTRAST, what="multimodal contrast of features and texts"),
    "memory": Part(NO_MEMORY, needs=("contrast",), what="visual and text prototypes as elements of the contrast"),
    "pseudo-labels": Part(NO_PSEUDO_LABELS, what="labels for what is unknown"),
    "prototypes": Part(
        NO_EVIDENCE,
        needs=("pseudo-labels",),
        what="multimodal prototypes as evidence of pseudo-labels; off, the model's own logits are",
    ),
}

LADDER: dict[str, dict[str, Any]] = {
    "text-pixel baseline": {**NO_REGIONS, **NO_CONTRAST, **NO_PSEUDO_LABELS},
    "+ region level": {**NO_QUERY_LEVEL, **NO_CONTRAST, **NO_PSEUDO_LABELS},
    "+ query level": {**NO_DISTILLATION, **NO_CONTRAST, **NO_PSEUDO_LABELS},
    "+ distillation": {**NO_CONTRAST, **NO_PSEUDO_LABELS},
    "+ contrast with memory": NO_PSEUDO_LABELS,
    "+ pseudo-labels": {},
}
"""Config overrides by name of the step, in the patent's order. They only switch off: they hold on top of any recipe."""

FIRST_SWITCHES: dict[str, Part] = {
    "regions": Part(
        {"regions": False, "query_level": False}, what="category-aware regions; off is text-pixel matching"
    ),
    "distillation": Part(NO_DISTILLATION, what="CLIP's local logits teach"),
    "contrast": Part({"contrast": False}, what="multimodal contrast of regions and texts"),
    "pseudo-labels": Part(NO_PSEUDO_LABELS, what="labels for what is unknown"),
    "prototypes": SWITCHES["prototypes"],
}
FIRST_LADDER: dict[str, dict[str, Any]] = {
    "text-pixel baseline": {**NO_REGIONS, "contrast": False, **NO_PSEUDO_LABELS},
    "+ regions": {**NO_DISTILLATION, "contrast": False, **NO_PSEUDO_LABELS},
    "+ distillation": {"contrast": False, **NO_PSEUDO_LABELS},
    "+ contrast": NO_PSEUDO_LABELS,
    "+ prototypes and pseudo-labels": {},
}

SENSITIVITY: dict[str, tuple[Any, ...]] = {
    "contrast_temperature": (0.05, 0.07, 0.1, 0.2, 0.5),
    "contrast_weight": (0.0, 0.02, 0.05, 0.1, 0.3, 1.0),
    "kd_weight": (0.0, 0.01, 0.03, 0.1, 0.3, 1.0),
    "kd_temperature": (1.0, 2.0, 4.0, 8.0),
    "pseudo_weight": (0.0, 0.1, 0.3, 1.0),
    "pseudo_precision": (0.5, 0.7, 0.8, 0.9, 0.95),
    "warmup": (0, 1, 2, 5),
    "momentum": (0.0, 0.9, 0.99, 0.999),
    "logit_scale": (0.05, 0.1, 0.2, 0.5, 1.0),
    "attention_scale": (0.05, 0.1, 0.2, 0.5, 1.0),
    "scored": ("query", "region", "mean"),
    "supervised": ("query", "region", "both", "mean"),
    "memory_size": (1, 4, 16, 64),
    "contrast_negative_weight": (0.1, 0.3, 1.0),
    "contrast_margin": (-1.0, 0.0, 0.2, 0.4),
    "n_ctx": (1, 2, 4, 8, 16),
    "query": ("text", "embed", "text+embed"),
    "negative": ("none", "prompt", "free"),
}
"""Around the unknowns [U] of the reconstruction, and the values that its sources give."""
