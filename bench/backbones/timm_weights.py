"""Weights of timm's models: what timm knows of them, and the file they lie in, local or fetched from its hub."""

import difflib
import functools
import logging
from pathlib import Path
from typing import Any

import timm

from bench.errors import DataError, UsageError
from bench.system.wording import shown


def model_config(name: str) -> Any:
    """What timm knows of a model's weights: its input, and where they lie."""
    if not timm.is_model(name):
        near = difflib.get_close_matches(name, timm.list_models(), n=3) or ["resnet50", "convnext_tiny"]
        raise UsageError(f"timm has no model {shown(name)}; near names: {', '.join(near)}.")
    try:
        return timm.get_pretrained_cfg(name, allow_unregistered=False)
    except RuntimeError:
        tags = timm.list_pretrained(f"{name.partition('.')[0]}.*")
        raise UsageError(f"timm has no weights {shown(name)}; it has {', '.join(tags)}.") from None


def weights_path(name: str, weights: str) -> Path:
    path = Path(weights)
    if path.is_file():
        return path
    if weights != "pretrained":
        raise UsageError(
            f"timm.weights = {shown(weights)} is no file; give pretrained, a checkpoint's path, or random."
        )
    return _downloaded(name)


@functools.cache
def _downloaded(name: str) -> Path:
    """The safetensors file that timm's hub has for a model, fetched once into the hub's own cache."""
    config = model_config(name)
    if not config.hf_hub_id:
        raise UsageError(f"timm's hub has no weights for {shown(name)}; give a checkpoint's path.")
    from huggingface_hub import hf_hub_download

    logging.getLogger("huggingface_hub").setLevel(logging.ERROR)  # it logs each of its attempts
    try:
        return Path(hf_hub_download(config.hf_hub_id, config.hf_hub_filename or "model.safetensors"))
    except Exception as error:  # its client's errors derive from several bases
        raise DataError(
            f"the weights of {name} could not be downloaded ({type(error).__name__}); give a local checkpoint's path "
            "(--set timm.weights=PATH), or random for a smoke test."
        ) from None
