"""Boxes around what stands out in a class map."""

import numpy as np
from scipy import ndimage

EIGHT_NEIGHBOURS = np.ones((3, 3), int)


def class_boxes(grey: np.ndarray) -> np.ndarray:
    """bool (H, W): the boxes around all parts, touching at corners or sides, of a map (H, W) in 0..1 above its mean.

    As TagCLIP's code finds them: at eight bits, above int(mean * largest), the last row and the last column never
    within. A part that another one encloses lies in its box.
    """
    height, width = grey.shape
    shades = np.floor(255 * grey).astype(np.uint8)
    parts, _ = ndimage.label(shades > int(grey.mean() * shades.max()), structure=EIGHT_NEIGHBOURS)
    inside = np.zeros((height, width), bool)
    for rows, columns in ndimage.find_objects(parts):
        inside[rows.start : min(rows.stop, height - 1), columns.start : min(columns.stop, width - 1)] = True
    return inside
