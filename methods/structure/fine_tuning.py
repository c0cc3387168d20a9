"""Fine-tuning of each class's linear classifier alone, the best one kept by average precision on held-out labels."""

import torch
from torch import Tensor

from methods.losses.asymmetric import asymmetric_loss


def known_average_precision(scores: Tensor, labels: Tensor) -> Tensor:
    """Average precision (C,) of scores (N, C) over the known of labels (N, C); NaN for a class without a positive.

    The mean over positives of the share of positives among known labels whose score is at least theirs: scikit-learn's,
    where equal scores are one threshold.
    """
    scores = torch.where(labels != 0, scores.double(), -torch.inf).T.contiguous()
    positive = (labels > 0).T
    known, given = (values.sort(dim=1).values for values in (scores, scores.masked_fill(~positive, -torch.inf)))
    above, hits = (len(labels) - torch.searchsorted(values, scores) for values in (known, given))
    return (torch.where(positive, hits.double() / above, 0.0)).sum(dim=1) / positive.sum(dim=1)


def fine_tuned(
    weight: Tensor,
    bias: Tensor,
    train: tuple[Tensor, Tensor],
    held: tuple[Tensor, Tensor],
    *,
    lr: float,
    steps: int,
    patience: int,
    gamma_neg: float,
    clip: float,
) -> tuple[Tensor, Tensor, Tensor]:
    """CFT by backpropagation (Chong et al., 2024): weight (C, D), bias (C,), and how much better each class is (C,).

    train, held: features (N, D) and labels (N, C). Each class takes full-batch steps of Adam on the sum of ASL over its
    known labels, until its AP on the held-out ones has not risen for `patience` steps; the weights with the largest AP
    are kept, the first of equal ones, and those that it came with are the first. A class without a known positive and
    a known negative in both parts stays as it is.

    Classes share no parameter and Adam looks at each by itself, so that all steps are taken together.
    """
    (x, y), (shown, truth) = train, held
    able = torch.stack([(labels == value).any(dim=0) for labels in (y, truth) for value in (1, -1)]).all(dim=0)
    now = weight.detach().clone().requires_grad_(), bias.detach().clone().requires_grad_()
    best = [part.detach().clone() for part in now]
    start = known_average_precision(shown @ best[0].T + best[1], truth)
    top, idle, running = start.clone(), torch.zeros_like(start), able.clone()
    optimizer = torch.optim.Adam(now, lr=lr)
    for _ in range(steps):
        if not running.any():
            break
        optimizer.zero_grad()
        with torch.enable_grad():
            loss = asymmetric_loss(
                x @ now[0].T + now[1], y, gamma_pos=0.0, gamma_neg=gamma_neg, clip=clip, reduction="sum"
            )
            loss.backward()
        optimizer.step()
        with torch.no_grad():
            precision = known_average_precision(shown @ now[0].T + now[1], truth)
            better = running & (precision > top)
            for kept, part in zip(best, now, strict=True):
                kept[better] = part[better]
            top = torch.where(better, precision, top)
            idle = torch.where(better, 0, idle + 1)
            running = running & (idle < patience)
    return best[0], best[1], torch.where(able, top - start, 0.0)
