"""Trained cells, loaded again: the finished cell of a key, its model with the stored weights, its images."""

from bench.trained.cell import TrainedCell, open_trained_cell
from bench.trained.find import find_cell

__all__ = ["TrainedCell", "find_cell", "open_trained_cell"]
