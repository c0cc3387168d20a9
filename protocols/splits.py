"""The held-out part of the training images, on which settings are chosen and never judged."""

import numpy as np

from bench.system.seeding import numpy_stream


def held_out(n_images: int, percent: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Sorted indices (kept for training, held out), disjoint and together all of `n_images`."""
    order = numpy_stream("heldout", seed).permutation(n_images)
    size = round(n_images * percent / 100)
    return np.sort(order[size:]), np.sort(order[:size])


def role_split(n_images: int, percent: int = 20, seed: int = 1200) -> tuple[np.ndarray, np.ndarray]:
    """ROLE's own cut of a training list into (training rows, validation rows), sorted, to the bit.

    Rows are those of the official lists in the generator's order (`protocols.role.draw_order` over the images that have
    a positive). ROLE, LargeLoss, BoostLU, EM, VLPL and AEVLP train on the first part alone and choose their epoch on
    the second by its full labels, which is what `held_out` is for here.
    """
    size = round(percent / 100 * n_images)
    order = np.random.RandomState(seed).permutation(n_images)
    return np.sort(order[: n_images - size]), np.sort(order[n_images - size :])
