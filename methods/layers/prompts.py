"""Prompts for a frozen text tower: learnable contexts (CoOp, IJCV 2022) and written templates (CLIP, ICML 2021)."""

from collections.abc import Sequence
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from bench.backbones.base import TextEncoder
from bench.errors import UsageError

PROMPT_TEMPLATES: dict[str, tuple[str, ...]] = {
    "photo": ("a photo of a {}.",),
    "ensemble": (
        "a photo of a {}.",
        "a picture of the {}.",
        "a scene with a {} in it.",
        "a {} among other things.",
        "part of a {} is visible.",
        "a small {} in the background.",
        "a close view of one {}.",
        "several of them: {}.",
    ),
}
"""Template lists by name; `{}` takes the class name."""


Templates = Literal["photo", "ensemble", "imagenet"]


def template_list(name: Templates) -> tuple[str, ...]:
    """Templates by name; "imagenet" are the 80 that CLIP was published with, as open_clip keeps them."""
    if name == "imagenet":
        from open_clip import OPENAI_IMAGENET_TEMPLATES  # here, since open_clip takes long to import

        return tuple(template("{}") for template in OPENAI_IMAGENET_TEMPLATES)
    return PROMPT_TEMPLATES[name]


def readable(class_name: str) -> str:
    """A class name as words: `dining_table` -> `dining table`."""
    return class_name.replace("_", " ")


class Unowned:
    """Holds the text tower without making it a submodule: it stays out of state dicts, `.to()` and copies."""

    def __init__(self, text: TextEncoder):
        self.text = text

    def __deepcopy__(self, memo: dict[int, Any]) -> "Unowned":
        return self


class PromptLearner(nn.Module):
    """Prompts `[SOS] v_1 .. v_n <class name> . [EOS]` with learnable context vectors v (CoOp, eq. 2).

    contexts: (C, n_ctx, W) if `class_specific`, else (1, n_ctx, W), shared by all classes. They start at the
    token embeddings of `init_words` if there are any, else at draws from N(0, std^2), std the tower's own `word_std`.
    The text tower is held, not owned: whoever builds the task moves it between devices.
    """

    prefix: Tensor
    suffix: Tensor
    end: Tensor

    def __init__(
        self,
        text: TextEncoder,
        class_names: Sequence[str],
        n_ctx: int,
        class_specific: bool,
        init_words: str = "",
    ):
        super().__init__()
        self._unowned = Unowned(text)
        tokens = text.tokenize([f"{readable(name)}." for name in class_names])
        end = tokens.end + n_ctx
        if int(end.max()) >= text.context:
            longest = class_names[int(end.argmax())]
            raise UsageError(
                f"{n_ctx} context vectors and the class name {longest!r} make {int(end.max()) + 1} tokens; "
                f"the text tower takes {text.context}: choose fewer context vectors."
            )
        names = _embed(text, tokens.ids)
        # Token embeddings carry no positions yet, so the contexts can be put in behind the start token.
        self.register_buffer("prefix", names[:, :1], persistent=False)
        self.register_buffer("suffix", names[:, 1:], persistent=False)
        self.register_buffer("end", end.to(names.device), persistent=False)
        copies = len(class_names) if class_specific else 1
        if init_words:
            start = _words(text, init_words, n_ctx).repeat(copies, 1, 1)
        else:
            start = torch.randn(copies, n_ctx, text.width) * text.word_std
        self.contexts = nn.Parameter(start.to(names))

    def embedded(self) -> tuple[Tensor, Tensor]:
        """Embedded prompts (C, L, W) and the position of their end tokens (C,)."""
        contexts = self.contexts.expand(len(self.prefix), -1, -1)
        return torch.cat([self.prefix, contexts, self.suffix], dim=1), self.end

    def forward(self) -> Tensor:
        """Un-normalised text features (C, D)."""
        return encode_together(self._unowned.text, [self])[0]


def encode_together(text: TextEncoder, learners: Sequence[PromptLearner]) -> list[Tensor]:
    """Un-normalised text features, one (C, D) for each learner, from one batch through the tower.

    Shorter prompts are padded behind their end token, where the causal mask hides the padding.
    """
    prompts, ends = zip(*(learner.embedded() for learner in learners), strict=True)
    longest = max(prompt.shape[1] for prompt in prompts)
    batch = torch.cat([F.pad(prompt, (0, 0, 0, longest - prompt.shape[1])) for prompt in prompts])
    return list(text(batch, torch.cat(ends)).split([len(prompt) for prompt in prompts]))


@torch.no_grad()
def template_features(text: TextEncoder, class_names: Sequence[str], templates: Sequence[str]) -> Tensor:
    """Unit text features (C, D): the mean of the unit features of all filled templates, normalised again."""
    filled = [[template.format(readable(name)) for name in class_names] for template in templates]
    mean = torch.stack([F.normalize(text.encode(texts), dim=-1) for texts in filled]).mean(dim=0)
    return F.normalize(mean, dim=-1)


@torch.no_grad()
def _embed(text: TextEncoder, ids: Tensor) -> Tensor:
    return text.embed(ids.to(next(text.parameters()).device)).detach()


def _words(text: TextEncoder, words: str, n_ctx: int) -> Tensor:
    """Token embeddings (n_ctx, W) of `words`, without start and end."""
    tokens = text.tokenize([words])
    count = int(tokens.end[0]) - 1
    if count != n_ctx:
        raise UsageError(f"The initial words {words!r} are {count} tokens, not {n_ctx}: set n_ctx={count}.")
    return _embed(text, tokens.ids)[0, 1 : count + 1]
