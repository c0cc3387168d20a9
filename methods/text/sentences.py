"""Sentences with class labels, as training data in place of images (TaI-DPT, CVPR 2023)."""

from collections.abc import Sequence
from itertools import combinations
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor, nn

from bench.backbones.base import TextEncoder
from bench.errors import DataError
from methods.layers.prompts import Unowned, readable
from methods.text.synonyms import ClassFinder

CACHED = 2**25
"""Token features of at most so many numbers are kept; above that, each batch is encoded anew."""


class Sentences(NamedTuple):
    """S sentences and which of the C classes they name: int8 (S, C) in {-1, +1}."""

    texts: tuple[str, ...]
    labels: Tensor

    @property
    def most_named(self) -> int:
        """The most classes that a sentence names."""
        return int((self.labels > 0).sum(dim=1).max())


def template_sentences(class_names: Sequence[str], templates: Sequence[str], pairs: bool) -> Sentences:
    """Every template filled with every class name; with `pairs` also one sentence for any two classes.

    Sorted, so that the order of the classes decides nothing.
    """
    named = [(template.format(readable(name)), {c}) for c, name in enumerate(class_names) for template in templates]
    if pairs:
        alphabetical = sorted(range(len(class_names)), key=lambda c: class_names[c])
        for number, (one, other) in enumerate(combinations(alphabetical, 2)):
            both = f"{readable(class_names[one])} and {readable(class_names[other])}"
            named.append((templates[number % len(templates)].format(both), {one, other}))
    return _labelled(sorted(named, key=lambda pair: pair[0]), len(class_names))


def caption_sentences(path: Path, class_names: Sequence[str], text: TextEncoder) -> Sentences:
    """The captions in `path`, one a line, that name a class and that the tower can take, in the file's order."""
    try:
        captions = [line.strip() for line in path.read_text(encoding="utf-8").splitlines()]
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(
            f"the captions {path} cannot be read ({error}); give a text file, one caption a line."
        ) from None
    find = ClassFinder(class_names)
    named = [(caption, find(caption)) for caption in captions]
    kept = [pair for pair in named if pair[1]]
    short = set(_short([caption for caption, _ in kept], text))
    kept = [pair for pair in kept if pair[0] in short]
    if not kept:
        raise DataError(
            f"none of {len(captions)} captions in {path} name one of {', '.join(class_names[:5])}, ... in a sentence "
            "that the text tower can take; give captions of such images, one a line."
        )
    return _labelled(kept, len(class_names))


def training_sentences(
    class_names: Sequence[str], text: TextEncoder, templates: Sequence[str], pairs: bool, captions: Path | None
) -> Sentences:
    """The filled templates, and behind them the captions if there are any."""
    sentences = template_sentences(class_names, templates, pairs)
    if captions is None:
        return sentences
    others = caption_sentences(captions, class_names, text)
    return Sentences(sentences.texts + others.texts, torch.cat([sentences.labels, others.labels]))


def _labelled(named: Sequence[tuple[str, set[int]]], num_classes: int) -> Sentences:
    labels = torch.full((len(named), num_classes), -1, dtype=torch.int8)
    for row, (_, classes) in enumerate(named):
        labels[row, sorted(classes)] = 1
    return Sentences(tuple(sentence for sentence, _ in named), labels)


def _short(captions: Sequence[str], text: TextEncoder, chunk: int = 1024) -> list[str]:
    """Those captions that fit into the tower's context."""
    kept: list[str] = []
    for start in range(0, len(captions), chunk):
        part = captions[start : start + chunk]
        try:
            text.tokenize(part)
            kept += part
        except DataError:
            kept += [caption for caption in part if _fits(caption, text)]
    return kept


def _fits(caption: str, text: TextEncoder) -> bool:
    try:
        text.tokenize([caption])
    except DataError:
        return False
    return True


class TextImages(NamedTuple):
    """In place of the features of B images: tokens (B, L, D), whether each is present (B, L), and the end's (B, D)."""

    tokens: Tensor
    present: Tensor
    pooled: Tensor


class SentenceBank(nn.Module):
    """Sentences through the frozen text tower: all of them once if they are few, otherwise batch by batch."""

    tokens: Tensor
    end: Tensor
    labels: Tensor

    def __init__(self, sentences: Sentences, text: TextEncoder):
        super().__init__()
        self._unowned = Unowned(text)
        self.texts, self.most_named = sentences.texts, sentences.most_named
        self.register_buffer("labels", sentences.labels, persistent=False)
        few = 3 * len(self.texts) * text.dim <= CACHED  # no sentence is shorter than start, word and end
        self.cached = few and text.tokenize(self.texts).ids.numel() * text.dim <= CACHED
        if self.cached:
            tokens, end = self._encode(self.texts)
            self.register_buffer("tokens", tokens, persistent=False)
            self.register_buffer("end", end, persistent=False)

    def __len__(self) -> int:
        return len(self.texts)

    @torch.no_grad()
    def forward(self, rows: Tensor) -> TextImages:
        """The sentences `rows` (B,)."""
        if self.cached:
            tokens, end = self.tokens[rows], self.end[rows]
        else:
            tokens, end = self._encode([self.texts[row] for row in rows.tolist()])
        present = torch.arange(tokens.shape[1], device=tokens.device) <= end[:, None]
        return TextImages(tokens, present, tokens[torch.arange(len(tokens), device=tokens.device), end])

    @torch.no_grad()
    def _encode(self, texts: Sequence[str], chunk: int = 256) -> tuple[Tensor, Tensor]:
        """Token features (S, L, D) and positions of the end (S,), in float32."""
        text = self._unowned.text
        device = next(text.parameters()).device
        ids, end = text.tokenize(texts)
        with torch.autocast(device.type, enabled=False):
            parts = [text.sequence(text.embed(part.to(device))) for part in ids.split(chunk)]
        return torch.cat(parts), end.to(device)
