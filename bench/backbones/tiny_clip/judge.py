"""Quality of the miniature on scenes held out from its training; never on the benchmark's test split."""

import numpy as np
import open_clip
import torch
from sklearn.metrics import average_precision_score
from torch import nn
from torch.nn import functional as F

from bench.data.scenes.categories import CLASS_NAMES

from .model import pooled_and_tokens, pooled_over_places, similarities
from .tokenizer import tiny_tokenizer


def mean_ap(scores: np.ndarray, labels: np.ndarray) -> float:
    """mAP in percent over the C columns of (N, C); labels are +1 and -1."""
    per_class = [average_precision_score(labels[:, c] == 1, scores[:, c]) for c in range(labels.shape[1])]
    return 100 * float(np.mean(per_class))


ZERO_SHOT_PROMPT = "a photo of a {}"


@torch.inference_mode()
def zero_shot(model: open_clip.CLIP, maps: torch.Tensor, labels: np.ndarray) -> dict[str, float]:
    """mAP of the class names' prompts against N maps: pooled vector, sharpest place, softmax over the places."""
    model.eval()
    text = F.normalize(
        model.encode_text(tiny_tokenizer()([ZERO_SHOT_PROMPT.format(name) for name in CLASS_NAMES])), dim=-1
    )
    parts = [similarities(model, part.float(), text) for part in maps.split(256)]
    pooled, dense = torch.cat([p for p, _ in parts]), torch.cat([d for _, d in parts])
    scores = {"pooled": pooled, "dense_max": dense.amax(1), "dense_softmax": pooled_over_places(dense)}
    return {name: mean_ap(score.numpy(), labels) for name, score in scores.items()}


class PooledHead(nn.Module):
    """A linear classifier on the pooled vector."""

    def __init__(self, dim: int, classes: int) -> None:
        super().__init__()
        self.linear = nn.Linear(dim, classes)

    def forward(self, pooled: torch.Tensor, tokens: torch.Tensor) -> torch.Tensor:
        return self.linear(pooled)


class AttentionHead(nn.Module):
    """Each class looks where its query points, and scores what it finds there: (N, HW, D) -> (N, C)."""

    def __init__(self, dim: int, classes: int) -> None:
        super().__init__()
        self.query, self.linear = nn.Linear(dim, classes), nn.Linear(dim, classes)

    def forward(self, pooled: torch.Tensor, tokens: torch.Tensor) -> torch.Tensor:
        return (self.query(tokens).softmax(dim=1) * self.linear(tokens)).sum(dim=1)


PooledAndTokens = tuple[torch.Tensor, torch.Tensor]
"""Pooled vectors (N, D) and dense tokens (N, HW, D)."""


@torch.inference_mode()
def features(model: open_clip.CLIP, maps: torch.Tensor) -> PooledAndTokens:
    parts = [pooled_and_tokens(model.visual.attnpool, part.float()) for part in maps.split(256)]
    return torch.cat([p for p, _ in parts]), torch.cat([t for _, t in parts])


def head_quality(
    kind: type[nn.Module],
    train: PooledAndTokens,
    train_labels: np.ndarray,
    held: PooledAndTokens,
    held_labels: np.ndarray,
    seed: int,
) -> float:
    """mAP on ``held`` of a head that saw all labels of ``train`` (20 epochs of AdamW)."""
    torch.manual_seed(seed)
    (pooled, tokens), count = train, len(train_labels)
    pooled_at, pooled_by, tokens_at, tokens_by = pooled.mean(0), pooled.std(0), tokens.mean((0, 1)), tokens.std((0, 1))

    def scaled(part: PooledAndTokens) -> PooledAndTokens:
        return (part[0] - pooled_at) / pooled_by, (part[1] - tokens_at) / tokens_by

    head, target = kind(pooled.shape[1], train_labels.shape[1]), torch.from_numpy(train_labels == 1).float()
    optimizer = torch.optim.AdamW(head.parameters(), lr=3e-3, weight_decay=0.1)
    epochs = 20
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, epochs * (count // 64))
    for _ in range(epochs):
        for rows in torch.randperm(count)[: count // 64 * 64].split(64):
            loss = F.binary_cross_entropy_with_logits(head(*scaled((pooled[rows], tokens[rows]))), target[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
    with torch.inference_mode():
        return mean_ap(head(*scaled(held)).numpy(), held_labels)
