"""The masks of the HCP group's code, to the bit: SST, SARB, HST, DSRB, TaI-DPT on VOC, and the TRM-ML author's code."""

import numpy as np

from protocols.base import PROTOCOLS, Images, Protocol
from protocols.draws import drawn_pieces


@PROTOCOLS.register("hcp")
class HCP(Protocol):
    """The published masks of SST, SARB, TaI-DPT: seed 0 is theirs.

    The draw runs over the official image list (82,783 rows of COCO train2014, 5,011 of VOC2007 trainval) even where
    images of it were dropped, so that those that are left keep their mask.
    """

    reference = "Chen et al., AAAI 2022 (SST); HCPLab-SYSU/HCP-MLR-PL, datasets/*.py"

    def hide(self, labels: np.ndarray, percent: int, seed: int, images: Images) -> np.ndarray:
        observed = np.zeros_like(labels)
        # the legacy generator, row by row
        for rows, draws in drawn_pieces(np.random.RandomState(seed).random_sample, labels.shape, images):
            np.copyto(observed[rows], labels[rows], where=draws < percent / 100)
        return observed
