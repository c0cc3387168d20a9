"""The masks of the HCP group's code, to the bit: SST, SARB, HST, DSRB, TaI-DPT on VOC, and the TRM-ML author's code."""

import numpy as np

from protocols.base import PROTOCOLS, Images, Protocol


def official_draw(rows: int, classes: int, seed: int, positions: np.ndarray | None = None) -> np.ndarray:
    """Uniform draws float64 (N, C): NumPy's legacy generator fills the official list of `rows` row by row.

    positions: the rows that are there, picked after drawing; None for all.
    """
    draw = np.random.RandomState(seed).random_sample((rows, classes))
    return draw if positions is None else draw[positions]


@PROTOCOLS.register("hcp")
class HCP(Protocol):
    """The published masks of SST, SARB, TaI-DPT: seed 0 is theirs.

    The draw runs over the official image list (82,783 rows of COCO train2014, 5,011 of VOC2007 trainval) even where
    images of it were dropped, so that those that are left keep their mask.
    """

    reference = "Chen et al., AAAI 2022 (SST); HCPLab-SYSU/HCP-MLR-PL, datasets/*.py"

    def hide(self, labels: np.ndarray, percent: int, seed: int, images: Images) -> np.ndarray:
        rows = len(labels) if images.count is None else images.count
        draw = official_draw(rows, labels.shape[1], seed, images.positions)
        return np.where(draw < percent / 100, labels, np.int8(0))
