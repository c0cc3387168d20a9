"""Where a trained cell looks: the weights of its classes over the positions of real images, drawn and measured.

Only methods take part whose scores average tokens with weights of a class's own (`Method.attention`).
"""

from bench.attention.draw import Drawn, Shown, show
from bench.attention.request import Asked, find_cell

__all__ = ["Asked", "Drawn", "Shown", "find_cell", "show"]
