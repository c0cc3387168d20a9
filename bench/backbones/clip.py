"""An open_clip model with a ModifiedResNet image tower as dense tokens, a pooled vector and a causal text tower."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import open_clip
import torch
from open_clip.modified_resnet import ModifiedResNet
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional as F

from bench.backbones.base import Backbone, ImageFeatures, TextEncoder, Tokens
from bench.errors import DataError

CLIP_MEAN = (0.48145466, 0.4578275, 0.40821073)
CLIP_STD = (0.26862954, 0.26130258, 0.27577711)


class ClipText(TextEncoder):
    """The text tower of an open_clip model over the first L tokens only."""

    mask: Tensor

    def __init__(self, model: open_clip.CLIP, tokenizer: Any):
        super().__init__()
        self.token_embedding = model.token_embedding
        self.positional_embedding = model.positional_embedding
        self.transformer = model.transformer
        self.ln_final = model.ln_final
        self.text_projection = model.text_projection
        self.tokenizer = tokenizer
        self.register_buffer("mask", model.attn_mask, persistent=False)
        self.width = model.token_embedding.weight.shape[1]
        self.context = model.context_length
        self.dim = model.visual.output_dim

    def tokenize(self, texts: Sequence[str]) -> Tokens:
        ids = self.tokenizer(list(texts), context_length=self.context)
        end = ids.argmax(dim=1)  # the end token has the largest id
        for text, last in zip(texts, end.tolist(), strict=True):
            if last == self.context - 1 and len(self.tokenizer.encode(text)) + 2 > self.context:
                raise DataError(f"the prompt {text!r} is longer than the tower's {self.context} tokens; shorten it.")
        return Tokens(ids[:, : int(end.max()) + 1], end)

    def embed(self, ids: Tensor) -> Tensor:
        return self.token_embedding(ids)

    def forward(self, embedded: Tensor, end: Tensor) -> Tensor:
        length = embedded.shape[1]
        if length > self.context:
            raise DataError(f"a prompt of {length} tokens does not fit into {self.context}; use fewer context tokens.")
        x = embedded + self.positional_embedding[:length]
        x = self.transformer(x, attn_mask=self.mask[:length, :length])
        x = self.ln_final(x)[torch.arange(len(x), device=x.device), end]
        return self.text_projection(x) if isinstance(self.text_projection, nn.Linear) else x @ self.text_projection


def dense_and_pooled(visual: ModifiedResNet, images: Tensor) -> ImageFeatures:
    """Value path and attention pooling of the last map, from one pass (DualCoOp and CLIP both start here).

    dense = c_proj(v_proj(map)) per location, without position; pooled equals `visual(images)`.
    """
    x = visual.stem(images)
    for layer in (visual.layer1, visual.layer2, visual.layer3, visual.layer4):
        x = layer(x)
    pool = visual.attnpool
    tokens = x.flatten(2).transpose(1, 2)
    return ImageFeatures(dense=pool.c_proj(pool.v_proj(tokens)), pooled=pool(x))


def projected_position(visual: ModifiedResNet) -> Tensor:
    """(1 + HW, D): what the positional embedding adds to projected tokens; the map is linear, so it is exact."""
    pool = visual.attnpool
    return F.linear(F.linear(pool.positional_embedding, pool.v_proj.weight), pool.c_proj.weight)


class ClipBackbone(Backbone):
    """A frozen CLIP. Subclasses load the model and its tokenizer, and call `adopt`."""

    mean: tuple[float, float, float] = CLIP_MEAN
    std: tuple[float, float, float] = CLIP_STD

    def adopt(self, model: open_clip.CLIP, tokenizer: Any, image_size: int) -> None:
        """Freeze `model` and take it as this backbone's."""
        if not isinstance(model.visual, ModifiedResNet):
            raise DataError(f"{self.name}: the image tower must be a ModifiedResNet (RN50, RN101, ...).")
        self.model = model.float().eval().requires_grad_(False)
        self.model.visual.to(memory_format=torch.channels_last)
        tokens = model.visual.attnpool.positional_embedding.shape[0] - 1
        side = round(tokens**0.5)
        self.grid = (side, side)
        self.dim = model.visual.output_dim
        self.image_size = image_size
        self.logit_scale = float(model.logit_scale.detach().exp())
        self.position = projected_position(model.visual).detach()
        self.text = ClipText(model, tokenizer).eval()

    @property
    def transform(self) -> dict[str, Any]:
        return {"resize": "squash, PIL bicubic", "size": self.image_size, "mean": self.mean, "std": self.std}

    def preprocess(self, image: Image.Image) -> Tensor:
        size = (self.image_size, self.image_size)
        resized = image if image.size == size else image.resize(size, Image.Resampling.BICUBIC)
        pixels = torch.from_numpy(np.asarray(resized, dtype=np.float32) / 255.0)
        normalised = (pixels - torch.tensor(self.mean)) / torch.tensor(self.std)
        return normalised.permute(2, 0, 1)

    @torch.inference_mode()
    def encode_images(self, images: Tensor) -> ImageFeatures:
        return dense_and_pooled(self.model.visual, images.contiguous(memory_format=torch.channels_last))

    def to(self, device: torch.device) -> "ClipBackbone":
        self.model.to(device)
        self.text.to(device)
        self.position = self.position.to(device)
        return self
