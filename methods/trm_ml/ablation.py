"""Parts of TRM-ML, the ladder of the paper's components [P], and settings worth a sensitivity curve."""

from typing import Any

from methods.parts import Part

SWITCHES: dict[str, Part] = {
    "regions": Part({"regions": False}, what="category-aware regions; off is the text-pixel baseline"),
    "distillation": Part({"kd": "none"}, what="CLIP's local logits teach"),
    "contrast": Part({"contrast": False}, what="multimodal contrast of regions and texts"),
    "pseudo-labels": Part({"pseudo": False, "prototypes": False}, what="labels for what is unknown"),
    "prototypes": Part(
        {"prototypes": False, "pseudo_score": "logit"},
        needs=("pseudo-labels",),
        what="multimodal prototypes as evidence; off, the model's own logits are",
    ),
}
"""Prototypes are read by the pseudo-labels alone (unless contrast_prototypes is set), and do nothing without them."""

LADDER: dict[str, dict[str, Any]] = {
    "text-pixel baseline": {"regions": False, "kd": "none", "contrast": False, "prototypes": False, "pseudo": False},
    "+ regions": {"kd": "none", "contrast": False, "prototypes": False, "pseudo": False},
    "+ distillation": {"contrast": False, "prototypes": False, "pseudo": False},
    "+ contrast": {"prototypes": False, "pseudo": False},
    "+ prototypes and pseudo-labels": {},
}
"""Config overrides by name of the step, in order. They only switch off, so they hold on top of any recipe."""

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
    "n_ctx": (1, 2, 4, 8, 16),
    "query": ("text", "embed", "text+embed"),
    "negative": ("none", "prompt", "free"),
}
"""Around the unknowns [U] of the reconstruction, and the values that its sources give."""
