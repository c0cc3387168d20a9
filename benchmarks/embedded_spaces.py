"""Settings that `tune_embedded.py` tries for each method: random samplers and grids."""

from collections.abc import Callable, Sequence
from itertools import product
from typing import Any, NamedTuple

import numpy as np

Sampler = Callable[[np.random.Generator], dict[str, Any]]


def log_uniform(rng: np.random.Generator, low: float, high: float) -> float:
    return float(f"{np.exp(rng.uniform(np.log(low), np.log(high))):.3g}")


def one_of(rng: np.random.Generator, *choices: Any) -> Any:
    return choices[rng.integers(len(choices))]


def sample_head(rng: np.random.Generator) -> dict[str, Any]:
    gamma_pos, gamma_neg, clip = one_of(rng, (0.0, 0.0, 0.0), (1.0, 2.0, 0.05), (0.0, 1.0, 0.05), (0.0, 2.0, 0.0))
    return {
        "head": one_of(rng, "linear", "mlp", "attention"),
        "pool": one_of(rng, "clip", "mean"),
        "gamma_pos": gamma_pos,
        "gamma_neg": gamma_neg,
        "clip": clip,
        "lr": log_uniform(rng, 5e-4, 3e-2),
        "weight_decay": log_uniform(rng, 1e-2, 3.0),
        "epochs": one_of(rng, 8, 15),
        "reduction": one_of(rng, "sum/batch", "mean/known"),
    }


def sample_dualcoop(rng: np.random.Generator) -> dict[str, Any]:
    gamma_pos, gamma_neg, clip = one_of(rng, (1.0, 2.0, 0.05), (0.0, 1.0, 0.05), (0.0, 0.0, 0.0))
    return {
        "n_ctx": one_of(rng, 4, 8),
        "class_specific": one_of(rng, True, False),
        "spatial_scale": one_of(rng, "checkpoint", 10.0, 20.0),
        "output_scale": one_of(rng, "checkpoint", 2.0, 5.0),
        "gamma_pos": gamma_pos,
        "gamma_neg": gamma_neg,
        "clip": clip,
        "reduction": "sum/batch",
        "loss_weight": 1.0,
        "optimizer": "adamw",
        "schedule": "onecycle",
        "batch_size": 64,
        "lr": log_uniform(rng, 1e-3, 3e-2),
        "weight_decay": log_uniform(rng, 1e-4, 1e-1),
        "epochs": one_of(rng, 6, 10),
    }


def sample_trm(rng: np.random.Generator) -> dict[str, Any]:
    gamma_pos, gamma_neg, clip = one_of(rng, (1.0, 2.0, 0.05), (0.0, 1.0, 0.05), (0.0, 0.0, 0.0))
    return {
        "n_ctx": 4,
        "ffn": one_of(rng, 0, 512),
        "logit_scale": one_of(rng, 0.1, 0.2, 0.4),
        "attention_scale": one_of(rng, 0.2, 0.5),
        "kd_weight": log_uniform(rng, 0.03, 1.0),
        "contrast_weight": log_uniform(rng, 0.03, 0.3),
        "contrast_prototypes": one_of(rng, True, False),
        "contrast_pseudo": one_of(rng, True, False),
        "pseudo_weight": one_of(rng, 0.3, 1.0),
        "pseudo_precision": one_of(rng, 0.8, 0.95),
        "pseudo_miss": one_of(rng, 0.02, 0.05),
        "gamma_pos": gamma_pos,
        "gamma_neg": gamma_neg,
        "clip": clip,
        "lr": log_uniform(rng, 5e-4, 5e-3),
        "weight_decay": log_uniform(rng, 1e-2, 3.0),
        "warmup": 2,
        "epochs": one_of(rng, 6, 10),
    }


SAMPLERS: dict[str, Sampler] = {
    "asl": sample_head,
    "dualcoop": sample_dualcoop,
    "trm_ml_first": sample_trm,
}


class Grid(NamedTuple):
    """Settings to try: the product of the axes on top of the base."""

    base: dict[str, Any]
    axes: dict[str, Sequence[Any]]

    def settings(self) -> list[dict[str, Any]]:
        return [{**self.base, **dict(zip(self.axes, point, strict=True))} for point in product(*self.axes.values())]


HEAD_LRS = (2e-3, 5.75e-3, 1.6e-2)
HEAD = {"head": "attention", "weight_decay": 5.19e-2, "epochs": 8}
"""The head that was chosen for `asl`; each other loss varies its learning rate by a factor of about three."""

PROMPT = {
    "n_ctx": 8, "gamma_pos": 0.0, "gamma_neg": 0.0, "clip": 0.0, "optimizer": "adamw", "schedule": "onecycle",
    "batch_size": 64, "weight_decay": 7.18e-3, "epochs": 10,
}  # fmt: skip
PROMPT_LRS = (5e-3, 1.46e-2, 4e-2)
"""Prompts as they were chosen for `dualcoop`."""

SUMMED = {"reduction": "sum/batch", "loss_weight": 1.0}
"""For those whose code sums over a batch, as was chosen for `dualcoop`."""

MAPS = Grid({"weight_decay": 5.19e-2, "epochs": 10}, {"lr": (5e-3, 1.5e-2, 5e-2)})
"""Class maps of tokens: a linear layer that the published code trains at ten times the rate of the rest."""

QUERIES = Grid({"weight_decay": 1e-2, "epochs": 10}, {"lr": (3e-4, 1e-3, 3e-3)})
"""Decoders: transformers do not stand a head's rate."""

GRAPHS = Grid({"weight_decay": 1e-2, "epochs": 10}, {"lr": (3e-4, 1e-3, 3e-3)})

ONE_SIDED = {"lr": (1.46e-2, 4e-2, 1e-1), "free_std": (0.03, 0.1, 1.0)}


def head(knob: str = "epochs", values: Sequence[Any] = (8, 16), **base: Any) -> Grid:
    """A loss on the head: three learning rates by two values of what matters most in it."""
    return Grid({**HEAD, **base}, {"lr": HEAD_LRS, knob: values})


def prompts(axes: dict[str, Sequence[Any]] | None = None, **base: Any) -> Grid:
    """A prompt method: three learning rates, and other settings."""
    return Grid({**PROMPT, **base}, {"lr": PROMPT_LRS, **(axes or {})})


def without(settings: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in settings.items() if name not in names}


GRIDS: dict[str, Grid] = {
    "bce_an": head(),
    "bce_iu": head(),
    "splc": head("tau", (0.6, 0.8)),
    "role": head("estimate_lr", (3.0, 10.0)),
    "em": head("alpha", (0.02, 0.1)),
    "em_apl": head("beta", (0.1, 0.9), epochs=12),
    "boostlu": MAPS,
    "sr_cr": MAPS,
    "coop": prompts({"scale": ("checkpoint", 40.0)}, class_specific=True),
    "dualcoop_tai": prompts(spatial_scale=10.0),
    "dualcoop_pp": prompts({"output_scale": ("checkpoint", 20.0, 40.0)}),
    "positive_coop": prompts(ONE_SIDED, spatial_scale=10.0, **SUMMED),
    "negative_coop": prompts(ONE_SIDED, spatial_scale=10.0, **SUMMED),
    "vision_only": Grid({**without(PROMPT, "n_ctx"), **SUMMED}, {"lr": (1e-3, 3e-3, 1e-2)}),
    "tai_dpt": Grid({**without(PROMPT, "gamma_pos", "gamma_neg", "clip")}, {"lr": (5e-4, 2e-3, 8e-3)}),
    "scpnet": Grid(
        {**without(PROMPT, "gamma_pos", "gamma_neg", "clip"), "n_ctx": 4, "image": "dense", "scale": "checkpoint"},
        {"lr": (3e-3, 1e-2, 3e-2), "epochs": (10, 20)},
    ),
    "query2label": QUERIES,
    "ml_decoder": QUERIES,
    "ssgrl": GRAPHS,
    "sst": GRAPHS,
    "sarb": GRAPHS,
    "hst": GRAPHS,
}
