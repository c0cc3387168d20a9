"""An open_clip model as a backbone: its text tower here, its image towers in resnet.py and vit.py."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from bench.backbones.base import Backbone, TextEncoder, Tokens
from bench.backbones.chunks import in_chunks
from bench.errors import DataError

if TYPE_CHECKING:
    import open_clip

    from bench.backbones.resnet import ResNetEncoder
    from bench.backbones.vit import ViTEncoder

CLIP_MEAN = (0.48145466, 0.4578275, 0.40821073)
CLIP_STD = (0.26862954, 0.26130258, 0.27577711)

ACTIVATIONS = 16
"""Values that a frozen layer keeps of each value of its input for the gradient: 10 with GELU, 14 with QuickGELU."""


class ClipText(TextEncoder):
    """The text tower of an open_clip model over the first L tokens only."""

    mask: Tensor

    def __init__(self, model: "open_clip.CLIP", tokenizer: Any):
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
        return in_chunks(self._ended, embedded, end, self.prompt_bytes(embedded.shape[1]))

    def prompt_bytes(self, length: int) -> int:
        """Activations that a prompt of `length` tokens leaves for its gradient, about."""
        return length * self.width * 4 * ACTIVATIONS * len(self.transformer.resblocks)

    def _ended(self, embedded: Tensor, end: Tensor) -> Tensor:
        states = self._states(embedded)
        return self._projected(states[torch.arange(len(states), device=states.device), end])

    def sequence(self, embedded: Tensor) -> Tensor:
        return self._projected(self._states(embedded))

    def _states(self, embedded: Tensor) -> Tensor:
        length = embedded.shape[1]
        if length > self.context:
            raise DataError(f"a prompt of {length} tokens does not fit into {self.context}; use fewer context tokens.")
        x = self.transformer(embedded + self.positional_embedding[:length], attn_mask=self.mask[:length, :length])
        return self.ln_final(x)

    def _projected(self, states: Tensor) -> Tensor:
        projection = self.text_projection
        return projection(states) if isinstance(projection, nn.Linear) else states @ projection


class ClipBackbone(Backbone):
    """A frozen CLIP. Subclasses load the model and its tokenizer, and call `adopt`."""

    mean: tuple[float, float, float] = CLIP_MEAN
    std: tuple[float, float, float] = CLIP_STD

    def adopt(self, model: "open_clip.CLIP", tokenizer: Any, image_size: int) -> None:
        """Freeze `model` and take it as this backbone's."""
        self.model = model.float().eval().requires_grad_(False)
        encoder = self._encoder(model.visual)
        self.encoder, self.grid = encoder, encoder.grid
        self.position = encoder.projected_position().detach()
        self.dim = model.visual.output_dim
        self.image_size = image_size
        self.logit_scale = float(model.logit_scale.detach().exp())
        self.text = ClipText(model, tokenizer).eval()

    def _encoder(self, visual: nn.Module) -> "ResNetEncoder | ViTEncoder":
        # The import takes two seconds; a plan, which only names the backbone, does not need it.
        from open_clip.modified_resnet import ModifiedResNet
        from open_clip.transformer import VisionTransformer

        from bench.backbones.resnet import ResNetEncoder
        from bench.backbones.vit import ViTEncoder

        if isinstance(visual, ModifiedResNet):
            return ResNetEncoder(visual)
        if isinstance(visual, VisionTransformer):
            return ViTEncoder(visual)
        raise DataError(f"{self.name}: the image tower must be a ModifiedResNet (RN50, ...) or a ViT (ViT-B-16, ...).")
