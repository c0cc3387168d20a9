"""The properties of a protocol, checked on random labels."""

from typing import Any

import numpy as np

from bench.conformance.properties import Properties, require
from bench.system.seeding import numpy_stream
from protocols import Images, Protocol

PROPERTIES = Properties()
Kind = type[Protocol]
PERCENTS = (10, 50, 90)
SEEDS = (0, 1)


def _opens(protocol: Kind) -> bool:
    """Whether it needs no files; a protocol that reads mask files is not checked without them."""
    return not any(value is None for value in vars(protocol.Options()).values())


def full_labels(images: int = 1500, classes: int = 7) -> np.ndarray:
    """Labels int8 (N, C), a fifth of them positive."""
    return np.where(numpy_stream("scene", "conformance").random((images, classes)) < 0.2, 1, -1).astype(np.int8)


def observe(protocol: Kind, labels: np.ndarray, percent: int = 50, seed: int = 0) -> np.ndarray:
    """The result of `hide`, before it is checked."""
    ids = Images(tuple(f"{i:06}.jpg" for i in range(len(labels))))
    return protocol().hide(labels.copy(), percent if protocol.has_percent else 100, seed, ids)


def _each(protocol: Kind) -> Any:
    labels = full_labels()
    return labels, [observe(protocol, labels, percent, seed) for percent in PERCENTS for seed in SEEDS]


@PROPERTIES.property("says where it comes from", "reports could not say whose rule it is")
def says_what_it_is(protocol: Kind) -> None:
    require(protocol.reference, "`reference` is empty")
    require((protocol.__doc__ or "").strip(), "it has no docstring")


@PROPERTIES.property(
    "gives observed labels", "labels are int8 of the labels' shape: +1, -1, and 0 where unknown", _opens
)
def gives_observed_labels(protocol: Kind) -> None:
    labels, masks = _each(protocol)
    for mask in masks:
        require(mask.shape == labels.shape, f"labels {labels.shape} come back with shape {mask.shape}")
        require(mask.dtype == np.int8, f"labels come back as {mask.dtype}")
        require(np.isin(mask, (-1, 0, 1)).all(), "labels come back with other values than +1, -1 and 0")


@PROPERTIES.property("leaves the full labels alone", "what is judged by them later would be judged by a mask", _opens)
def leaves_labels_alone(protocol: Kind) -> None:
    labels = full_labels()
    before, ids = labels.copy(), Images(tuple(f"{i:06}.jpg" for i in range(len(labels))))
    mask = protocol().hide(labels, 50 if protocol.has_percent else 100, 0, ids)
    require(not np.shares_memory(mask, labels), "it gives a view of the full labels; give a new array")
    require(np.array_equal(labels, before), "it changes the labels that it was given")


@PROPERTIES.property(
    "a known label is the label",
    "it says that it is faithful, and gives wrong labels away",
    lambda protocol: _opens(protocol) and protocol.faithful,
)
def is_faithful(protocol: Kind) -> None:
    labels, masks = _each(protocol)
    for mask in masks:
        require(((mask == labels) | (mask == 0)).all(), "a known value is not the label's; say `faithful = False`")


@PROPERTIES.property(
    "what is unknown in the data stays unknown", "an unknown label would be trained on as known", _opens
)
def keeps_unknown(protocol: Kind) -> None:
    labels = full_labels()
    labels[numpy_stream("scene", "unknown").random(labels.shape) < 0.3] = 0
    mask = observe(protocol, labels)
    require(not mask[labels == 0].any(), "an entry that is 0 in the data comes back as known")


@PROPERTIES.property("equal seeds hide equal labels", "methods would not be compared on the same masks", _opens)
def is_repeatable(protocol: Kind) -> None:
    labels = full_labels()
    np.random.seed(0)
    first, left = observe(protocol, labels), np.random.random()
    again = observe(protocol, labels)
    np.random.seed(0)
    require(np.array_equal(first, again), "the same seed hides other labels the second time")
    require(np.random.random() == left, "it draws from NumPy's global generator, or seeds it")


@PROPERTIES.property(
    "a larger percent knows the same and more",
    "curves over ratios would mix two effects",
    lambda protocol: _opens(protocol) and protocol.has_percent and protocol.nested,
)
def is_nested(protocol: Kind) -> None:
    labels = full_labels()
    small, large = (observe(protocol, labels, percent) != 0 for percent in (20, 60))
    require(large[small].all(), "what is known at 20 % is not known at 60 %; say `nested = False`")


@PROPERTIES.property(
    "what is known does not depend on the labels",
    "it declares `blind`, but depends on the labels",
    lambda protocol: _opens(protocol) and protocol.blind,
)
def ignores_labels(protocol: Kind) -> None:
    labels = full_labels()
    same = np.array_equal(observe(protocol, labels) != 0, observe(protocol, -labels) != 0)
    require(same, "with all labels flipped other entries are known; say `blind = False`")


@PROPERTIES.property(
    "says whether it knows negatives", "methods that need them would be run without, or left out", _opens
)
def says_negatives(protocol: Kind) -> None:
    _, masks = _each(protocol)
    some = any((mask == -1).any() for mask in masks)
    require(
        some == protocol.negatives,
        f"`negatives` is {protocol.negatives}, and {'some are' if some else 'none is'} known",
    )


@PROPERTIES.property("says whether the seed counts", "seeds that change nothing would be shown as spread", _opens)
def says_seeded(protocol: Kind) -> None:
    labels = full_labels()
    differs = not np.array_equal(observe(protocol, labels, seed=0), observe(protocol, labels, seed=1))
    require(
        differs == protocol.seeded,
        f"`seeded` is {protocol.seeded}, and two seeds give {'other' if differs else 'equal'} masks",
    )
