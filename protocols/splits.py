"""The held-out part of the training images: for choosing settings, never for the headline."""

import numpy as np

from bench.seeding import numpy_stream


def held_out(n_images: int, percent: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Sorted indices (kept for training, held out), disjoint and together all of `n_images`."""
    order = numpy_stream("heldout", seed).permutation(n_images)
    size = round(n_images * percent / 100)
    return np.sort(order[size:]), np.sort(order[:size])
