"""The modules of the method, built from its settings."""

from torch import Tensor

from methods.base import Task
from methods.layers.position import sine_position
from methods.layers.prompts import PROMPT_TEMPLATES
from methods.trm_ml.config import TRMConfig
from methods.trm_ml.prototypes import Prototypes
from methods.trm_ml.queue import Queues
from methods.trm_ml.regions import RegionLearner
from methods.trm_ml.texts import TextSide


def build_texts(config: TRMConfig, task: Task) -> TextSide:
    """The text side with learned or fixed prompts."""
    return TextSide(
        task.text,
        task.class_names,
        PROMPT_TEMPLATES[config.templates],
        learned=config.contexts == "learned",
        n_ctx=config.n_ctx,
        class_specific=config.class_specific,
        ctx_init=config.ctx_init,
        negative=config.negative,
        mlp_residual=config.mlp_residual if config.mlp in ("text", "both") else None,
    )


def build_regions(config: TRMConfig, template: Tensor, task: Task) -> RegionLearner:
    """Cross-attention from the template texts (C, D) on, with the levels that something reads."""
    return RegionLearner(
        template,
        config.attention_scale * task.logit_scale,
        region_level=config.region_level,
        region_norm=config.region_norm,
        query_level=config.query_level,
        query=config.query,
        query_residual=config.query_residual,
        layers=config.layers,
        heads=config.heads,
        ffn=config.ffn,
        dropout=config.dropout,
        start=config.init,
        sine=sine_position(task.grid, task.dim).to(template) if config.position == "sine" else None,
        position_scale=config.position_scale,
        mlp_residual=config.mlp_residual if config.mlp in ("region", "both") else None,
    )


def build_memory(config: TRMConfig, template: Tensor) -> Prototypes:
    """The memory block: a moving average or a queue for each class."""
    if config.memory == "queue":
        return Queues(template, config.momentum, config.memory_size)
    return Prototypes(template, config.momentum)
