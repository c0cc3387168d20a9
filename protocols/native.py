"""Labels as the data has them, some unknown: nothing more is hidden."""

import numpy as np

from protocols.base import PROTOCOLS, Images, Protocol


@PROTOCOLS.register("native")
class Native(Protocol):
    """Labels as they are, where some are unknown in the data itself.

    The default for such data. On fully labelled data it is `full`.
    """

    reference = "the datasets' own labels, as OpenImages, LVIS and CheXpert come"
    has_percent = False
    seeded = False
    keeps_lists = True

    def hide(self, labels: np.ndarray, percent: int, seed: int, images: Images) -> np.ndarray:
        return labels.copy()
