"""The held-out part of the training images, on which settings are chosen and never judged."""

import numpy as np

from bench.system.seeding import numpy_stream


def held_out(n_images: int, percent: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Sorted indices (kept for training, held out), disjoint and together all of `n_images`."""
    order = numpy_stream("heldout", seed).permutation(n_images)
    size = round(n_images * percent / 100)
    return np.sort(order[size:]), np.sort(order[:size])
