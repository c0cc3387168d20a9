"""Images labelled fully or not at all."""

import numpy as np

from bench.system.seeding import numpy_stream
from protocols.base import PROTOCOLS, Images, Protocol
from protocols.draws import of_present_images, official_rows


def annotated_images(images: int, percent: int, seed: int) -> np.ndarray:
    """bool (N,): exactly that share of the images, rounded; the first of one random order, so shares are nested."""
    order = numpy_stream("mask", "images", seed).permutation(images)
    annotated = np.zeros(images, dtype=bool)
    annotated[order[: round(images * percent / 100)]] = True
    return annotated


@PROTOCOLS.register("image_level")
class ImageLevel(Protocol):
    """All labels of a share of the images; none of the others."""

    reference = "unlabelled images, as in semi-supervised learning; draws of our own"

    def hide(self, labels: np.ndarray, percent: int, seed: int, images: Images) -> np.ndarray:
        annotated = annotated_images(official_rows(len(labels), images), percent, seed)
        return labels * of_present_images(annotated, images)[:, None].astype(np.int8)
