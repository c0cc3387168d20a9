"""The queue: the latest features of known positives of each class, and of nothing else."""

import numpy as np
import torch
from torch.nn import functional as F

from methods.trm_ml.queue import Queues

B, C, D, K = 6, 4, 8, 5


def unit(*size: int, seed: int = 0) -> torch.Tensor:
    return F.normalize(torch.randn(*size, generator=torch.Generator().manual_seed(seed)), dim=-1)


def some_labels(seed: int) -> torch.Tensor:
    labels = torch.randint(-1, 2, (B, C), generator=torch.Generator().manual_seed(seed)).to(torch.int8)
    labels[:, 3] = labels[:, 3].clamp(max=0)  # a class without a positive
    return labels


def test_values_against_lists() -> None:
    memory = Queues(unit(C, D, seed=9), 0.9, K)
    lists: list[list[np.ndarray]] = [[] for _ in range(C)]
    for step in range(4):
        features, labels = unit(B, C, D, seed=step), some_labels(step)
        memory.update(features, labels, unit(C, D))
        for c in range(C):
            new = [features[i, c].numpy() for i in range(B) if labels[i, c] == 1]
            lists[c] = [*new, *lists[c]][:K]
        elements, classes = memory.visual()
        assert classes.tolist() == [c for c in range(C) for _ in lists[c]]
        np.testing.assert_array_equal(elements.numpy(), np.stack([x for kept in lists for x in kept]))
        for c in range(C - 1):
            mean = np.mean(lists[c], axis=0)
            np.testing.assert_allclose(memory.positive[c].numpy(), mean / np.linalg.norm(mean), atol=1e-5)
    assert memory.has_positive.tolist() == [True, True, True, False]
    assert memory.filled.all(dim=1).tolist() == [True, True, True, False], "the test overflows the queues"


def test_unknown_entries_and_negatives_never_enter() -> None:
    one, other = (Queues(unit(C, D, seed=9), 0.9, K) for _ in range(2))
    labels = some_labels(1)
    features = unit(B, C, D)
    disturbed = torch.where((labels == 1)[..., None], features, unit(B, C, D, seed=5))
    one.update(features, labels, unit(C, D))
    other.update(disturbed, labels, unit(C, D))
    assert torch.equal(one.queue, other.queue)
    assert torch.equal(one.positive, other.positive)


def test_it_is_in_the_state() -> None:
    memory, loaded = (Queues(unit(C, D, seed=9), 0.9, K) for _ in range(2))
    memory.update(unit(B, C, D), some_labels(0), unit(C, D))
    loaded.load_state_dict(memory.state_dict())
    assert all(map(torch.equal, loaded.visual(), memory.visual()))
