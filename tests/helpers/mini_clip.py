"""A released ResNet CLIP in everything but size."""

import torch

from bench.backbones.openai import ReleasedClip, ReleasedOptions

MINI = {
    "embed_dim": 24,
    "quick_gelu": True,
    "vision_cfg": {"image_size": 224, "layers": [1, 1, 1, 1], "width": 8},
    "text_cfg": {"context_length": 77, "vocab_size": 49408, "width": 32, "heads": 2, "layers": 2},
}
"""A released ResNet CLIP in everything but size."""


class Mini(ReleasedClip):
    name = "mini"
    architecture = "mini-quickgelu"


def mini(weights: str = "random", image_size: int = 224) -> Mini:
    return Mini(ReleasedOptions(weights=weights, image_size=image_size))


def close(one: torch.Tensor, other: torch.Tensor) -> None:
    torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-5)
