"""Labels that a mask hides, for judging pseudo-labels: looked up on access, since a copy would be N x C bytes."""

from typing import Any

import numpy as np


class HiddenLabels:
    """What `observed` hides of the images trained on, int8 (n, C) of the rows asked for, and 0 elsewhere.

    judged: int8 (N, C), all labels, 0 where nothing may be judged. heldout_rows: images that are not trained on.
    """

    def __init__(self, judged: np.ndarray, observed: np.ndarray, heldout_rows: np.ndarray):
        self._judged, self._observed = judged, observed
        self._trained = np.ones(len(judged), bool)
        self._trained[heldout_rows] = False
        self.shape: tuple[int, int] = judged.shape

    def __getitem__(self, rows: Any) -> np.ndarray:
        hidden = np.where(self._observed[rows] == 0, self._judged[rows], np.int8(0))
        hidden[~self._trained[rows]] = 0
        return hidden
