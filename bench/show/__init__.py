"""Where a trained cell looks: the weights of its classes over the positions of real images, drawn and measured.

Only methods take part whose scores average tokens with weights of a class's own (`Method.attention`).
"""

from bench.show.asked import Asked, find_cell
from bench.show.draw import Drawn, Shown, show

__all__ = ["Asked", "Drawn", "Shown", "find_cell", "show"]
