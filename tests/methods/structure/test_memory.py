"""The memory of positives: first in, first out, positives alone; centres that depend on nothing but the features."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional as F

from methods.structure.memory import ClusterMemory, PositiveMemory, kmeans_centres, mean_cosine


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 6), st.lists(st.integers(1, 9), min_size=1, max_size=4), st.integers(0, 10**6))
def test_it_holds_the_last_positives_of_each_class(size: int, batches: list[int], seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    memory, positives = PositiveMemory(3, size, 2), [[], [], []]
    for images in batches:
        labels = torch.randint(-1, 2, (images, 3), generator=generator)
        features = torch.randn(images, 3, 2, generator=generator)
        memory.update(features, labels)
        for image in range(images):
            for c in range(3):
                if labels[image, c] == 1:
                    positives[c].append(features[image, c])
    for c in range(3):
        last = positives[c][-size:]
        held = sorted(map(tuple, memory.features[c].tolist()))
        expected = sorted([tuple(f.tolist()) for f in last] + [(0.0, 0.0)] * (size - len(last)))
        assert held == expected
        assert memory.count[c] == len(positives[c])


def test_the_later_of_two_images_in_a_batch_stays_longer() -> None:
    memory = PositiveMemory(1, 2, 1)
    memory.update(torch.tensor([[[1.0]], [[2.0]], [[3.0]]]), torch.ones(3, 1))
    memory.update(torch.tensor([[[4.0]]]), torch.ones(1, 1))
    assert sorted(memory.features.flatten().tolist()) == [3.0, 4.0]


def test_similarity_is_the_mean_over_all_places_and_empty_ones_count_as_zero() -> None:
    memory = PositiveMemory(1, 4, 2)
    memory.update(torch.tensor([[[2.0, 0.0]], [[0.0, 3.0]]]), torch.ones(2, 1))
    assert memory.similarity(torch.tensor([[[5.0, 0.0]]])).item() == pytest.approx(1 / 4)
    assert memory.similarity(torch.tensor([[[1.0, 1.0]]])).item() == pytest.approx(2**0.5 / 4)


def test_mean_cosine() -> None:
    generator = torch.Generator().manual_seed(0)
    features, examples = torch.randn(4, 3, 6, generator=generator), torch.randn(3, 7, 6, generator=generator)
    expected = F.cosine_similarity(features[:, :, None], examples[None], dim=-1).mean(dim=-1)
    torch.testing.assert_close(mean_cosine(features, examples), expected)


def test_centres_find_clusters_and_are_the_same_every_time() -> None:
    generator = torch.Generator().manual_seed(0)
    where = torch.tensor([[0.0, 0.0], [10.0, 0.0], [0.0, 10.0]])
    features = where.repeat(20, 1) + 0.1 * torch.randn(60, 2, generator=generator)
    before = torch.get_rng_state()
    centres = kmeans_centres(features, 3)
    assert torch.cdist(where, centres).min(dim=1).values.max() < 0.2
    torch.rand(5)
    assert torch.equal(kmeans_centres(features, 3), centres)
    torch.set_rng_state(before)


def test_few_positives_stand_for_themselves_and_none_for_nothing() -> None:
    features = torch.tensor([[1.0, 2.0], [3.0, 4.0]])
    assert kmeans_centres(features, 5).tolist() == [[1, 2], [3, 4], [1, 2], [3, 4], [1, 2]]
    memory = ClusterMemory(2, 8, 2, clusters=2)
    memory.update(torch.tensor([[[1.0, 2.0], [0.0, 0.0]]]), torch.tensor([[1, -1]]))
    memory.start_epoch(5, every=5)
    assert memory.centres.tolist() == [[[1, 2], [1, 2]], [[0, 0], [0, 0]]]


def test_clusters_are_found_among_one_epochs_positives() -> None:
    memory, one = ClusterMemory(1, 8, 2, clusters=2), torch.ones(2, 1)
    for epoch in range(4):
        memory.start_epoch(epoch, every=2)
        memory.update(torch.tensor([[[epoch, 1.0]], [[epoch, 2.0]]]), one)
        if epoch >= 2:
            assert sorted(memory.centres[0].tolist()) == [[1, 1], [1, 2]]
