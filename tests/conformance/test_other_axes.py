"""Protocols, datasets and backbones: those that need nothing have every property, and bad ones are told."""

import numpy as np
import pytest
import torch

from bench.backbones import BACKBONES
from bench.conformance import backbones, check_properties, datasets, protocols
from bench.conformance.harness import ToyImages, toy_images
from bench.data import DATASETS, Split
from protocols import PROTOCOLS, Protocol


def failing(entry, properties) -> set[str]:
    return {result.name for result in check_properties(entry, properties) if not result.ok}


@pytest.mark.parametrize("name", PROTOCOLS.names())
def test_every_protocol_has_every_property(name):
    assert list(filter(None, (r.why for r in check_properties(PROTOCOLS.get(name), protocols.PROPERTIES)))) == []


@pytest.mark.slow
def test_the_drawn_dataset_and_the_embedded_backbone_have_every_property():
    assert list(filter(None, (r.why for r in check_properties(DATASETS.get("scenes"), datasets.PROPERTIES)))) == []
    assert list(filter(None, (r.why for r in check_properties(BACKBONES.get("tiny_clip"), backbones.PROPERTIES)))) == []


class Rule(Protocol):
    """Keeps every label with probability percent / 100; each bad one changes one thing."""

    name, reference = "rule", "an example"

    def draw(self, labels, seed):
        return np.random.default_rng(seed).random(labels.shape)

    def hide(self, labels, percent, seed, images):
        return np.where(self.draw(labels, seed) < percent / 100, labels, np.int8(0))


def rule(**changes) -> type[Protocol]:
    return type("Bad", (Rule,), {"__doc__": "Bad.", **changes})


def hide(change):
    return lambda self, labels, percent, seed, images: change(Rule.hide(self, labels, percent, seed, images), labels)


def global_draw(self, labels, seed):
    np.random.seed(seed)
    return np.random.random(labels.shape)


def other_at_each_percent(self, labels, percent, seed, images):
    return Rule.hide(self, labels, percent, seed + percent, images)


def in_place(self, labels, percent, seed, images):
    labels[self.draw(labels, seed) >= percent / 100] = 0
    return labels


BAD = {
    "says where it comes from": {"reference": ""},
    "gives observed labels": {"hide": hide(lambda mask, labels: mask.astype(np.int64))},
    "leaves the full labels alone": {"hide": in_place},
    "a known label is the label": {"hide": hide(lambda mask, labels: np.where(mask == 1, np.int8(-1), mask))},
    "equal seeds hide equal labels": {"draw": global_draw},
    "a larger percent knows the same and more": {"hide": other_at_each_percent},
    "what is known does not depend on the labels": {
        "hide": hide(lambda mask, labels: np.where(labels == 1, labels, mask))
    },
    "says whether it knows negatives": {"negatives": False},
    "says whether the seed counts": {"seeded": False},
}


def test_a_good_protocol_has_all():
    assert failing(Rule, protocols.PROPERTIES) == set()


@pytest.mark.parametrize("name", BAD)
def test_a_bad_protocol_fails_where_it_is_bad(name):
    assert failing(rule(**BAD[name]), protocols.PROPERTIES) == {name}


class Fine(ToyImages):
    """Toy images that can be seen."""

    def __init__(self, options, root, cache):
        from PIL import Image

        super().__init__(toy_images().train.labels.copy())
        for name in ("_train", "_test"):
            split = getattr(self, name)
            setattr(self, name, Split(split.ids, split.labels, [Image.new("RGB", (4, 4))] * len(split)))


class Gray(Fine):
    """Images of one channel."""

    def __init__(self, options, root, cache):
        super().__init__(options, root, cache)
        self._test = Split(self._test.ids, self._test.labels, [i.convert("L") for i in self._test.images])


class Drawn(Fine):
    """Other labels each time."""

    def __init__(self, options, root, cache):
        super().__init__(options, root, cache)
        labels = np.where(np.random.default_rng().random(self._train.labels.shape) < 0.5, 1, -1).astype(np.int8)
        self._train = Split(self._train.ids, labels, self._train.images)


class Narrow(Fine):
    """A test split with a class fewer."""

    def __init__(self, options, root, cache):
        super().__init__(options, root, cache)
        self._test = Split(self._test.ids, self._test.labels[:, 1:].copy(), self._test.images)


@pytest.mark.parametrize(
    ("dataset", "expected"),
    [
        (Fine, set()),
        (Gray, {"gives RGB images"}),
        (Drawn, {"opened twice it is the same"}),
        (Narrow, {"its splits fit together"}),
    ],
)
def test_a_bad_dataset_fails_where_it_is_bad(dataset, expected):
    assert failing(dataset, datasets.PROPERTIES) == expected


@pytest.mark.slow
def test_a_bad_backbone_fails_where_it_is_bad():
    good = BACKBONES.get("tiny_clip")

    class Batchwise(good):
        def encode_images(self, images):
            features = super().encode_images(images)
            return features._replace(pooled=features.pooled - features.pooled.mean(dim=0))

    class Noisy(good):
        def encode_images(self, images):
            features = super().encode_images(images)
            return features._replace(dense=features.dense + torch.rand(()))

    assert failing(Batchwise, backbones.PROPERTIES) == {"encodes each image alone"}
    assert "built twice it is the same" in failing(Noisy, backbones.PROPERTIES)
