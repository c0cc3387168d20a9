"""The miniature: open_clip's own CLIP class with a small ResNet of stride 8 and a small causal text tower."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import nn
from torch.nn import functional as F

from bench.errors import DataError

if TYPE_CHECKING:
    import open_clip
    from open_clip.modified_resnet import AttentionPool2d, ModifiedResNet

IMAGE_SIZE, GRID_STRIDE, STEM_WIDTH, EMBED_DIM = 64, 8, 16, 256
LAYERS = (1, 1, 2, 1)
WEIGHTS = Path(__file__).with_name("weights.safetensors")

PIXEL_MEAN: tuple[float, float, float] = (0.45, 0.45, 0.43)
PIXEL_STD: tuple[float, float, float] = (0.24, 0.24, 0.25)
"""Of RGB in 0..1; an image is resized to 64x64 and normalised with these."""


def build_tiny_clip() -> "open_clip.CLIP":
    """Untrained model: ``visual`` gives an 8x8 grid before ``attnpool`` (65 positional rows), D = 256."""
    import open_clip
    from open_clip.modified_resnet import AttentionPool2d

    from .tokenizer import CONTEXT_LENGTH, VOCABULARY

    model = open_clip.CLIP(
        embed_dim=EMBED_DIM,
        vision_cfg={"layers": LAYERS, "width": STEM_WIDTH, "head_width": 64, "image_size": IMAGE_SIZE},
        text_cfg={"context_length": CONTEXT_LENGTH, "vocab_size": VOCABULARY, "width": 128, "heads": 4, "layers": 2},
    )
    for layer in (model.visual.layer3, model.visual.layer4):  # keep 8x8: these two do not stride
        block = layer[0]
        block.stride, block.avgpool, block.downsample[0] = 1, nn.Identity(), nn.Identity()
    width = STEM_WIDTH * 32
    model.visual.attnpool = AttentionPool2d(IMAGE_SIZE // GRID_STRIDE, width, width // 64, EMBED_DIM)
    model.visual.init_parameters()
    for projection in (model.visual.attnpool.v_proj, model.visual.attnpool.c_proj):
        nn.init.orthogonal_(projection.weight)  # the value path starts without losing a direction
    return model


def feature_map(visual: "ModifiedResNet", images: torch.Tensor) -> torch.Tensor:
    """Normalised images (N, 3, 64, 64) -> what the attention pool reads, (N, 512, 8, 8)."""
    return visual.layer4(visual.layer3(visual.layer2(visual.layer1(visual.stem(images)))))


def pooled_and_tokens(pool: "AttentionPool2d", maps: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """(N, 512, H, W) -> what ``pool(maps)`` gives, (N, D), and each place alone through its value path, (N, HW, D).

    The value path is linear, so it is run once for both; only the mean token is a query, so the other queries are not
    computed.
    """
    places, position = maps.flatten(2).transpose(1, 2), pool.positional_embedding
    mean = places.mean(1, keepdim=True) + position[:1]
    value = pool.v_proj(places)
    values = torch.cat([pool.v_proj(mean), value + F.linear(position[1:], pool.v_proj.weight)], dim=1)
    keys = pool.k_proj(torch.cat([mean, places + position[1:]], dim=1))
    heads = [part.unflatten(2, (pool.num_heads, -1)).transpose(1, 2) for part in (pool.q_proj(mean), keys, values)]
    attended = F.scaled_dot_product_attention(*heads).transpose(1, 2).flatten(2)
    return pool.c_proj(attended)[:, 0], pool.c_proj(value)


def normalised(pixels: np.ndarray) -> torch.Tensor:
    """uint8 (N, 64, 64, 3) -> float32 (N, 3, 64, 64), channels last in memory."""
    images = torch.from_numpy(np.array(pixels)).permute(0, 3, 1, 2).float().div_(255)
    mean, std = (torch.tensor(value).view(1, 3, 1, 1) for value in (PIXEL_MEAN, PIXEL_STD))
    return images.sub_(mean).div_(std)


def pooled_over_places(similarity: torch.Tensor, sharpness: float = 10.0) -> torch.Tensor:
    """(N, HW, M) similarities -> (N, M): mean over the places, weighted by their own softmax."""
    return (similarity * (similarity * sharpness).softmax(dim=1)).sum(dim=1)


def similarities(model: "open_clip.CLIP", maps: torch.Tensor, text: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Cosines of N pictures with M texts (M, D): pooled (N, M), and dense before pooling (N, HW, M)."""
    pooled, tokens = (F.normalize(part, dim=-1) for part in pooled_and_tokens(model.visual.attnpool, maps))
    return pooled @ text.T, tokens @ text.T


def save_tiny_clip(model: "open_clip.CLIP", file: Path) -> None:
    """Half precision, without the counters of BatchNorm."""
    state = {key: value.half().contiguous() for key, value in model.state_dict().items() if value.is_floating_point()}
    save_file(state, file, metadata={"format": "pt"})


def load_tiny_clip(file: Path = WEIGHTS) -> "open_clip.CLIP":
    """The shipped model: float32, in eval mode, no parameter asking for a gradient."""
    model = build_tiny_clip()
    state = {key: value.float() for key, value in load_file(file).items()}
    missing, unexpected = model.load_state_dict(state, strict=False)
    absent = [key for key in missing if not key.endswith("num_batches_tracked")]
    if absent or unexpected:
        raise DataError(f"{file} does not hold the weights of this model: without {absent}, beyond it {unexpected}")
    return model.eval().requires_grad_(False)
