"""Mistakes: test images that finished cells get wrong, by class, and labels that may be missing.

`bench show CELL --errors`. Only stored scores and labels are read, and image files for the thumbnails.
"""

from bench.mistakes.cells import Mistakes, read_mistakes
from bench.mistakes.entries import mistakes_frame, mistakes_record
from bench.mistakes.write import PER_CLASS, WrittenMistakes, write_mistakes

__all__ = [
    "PER_CLASS",
    "Mistakes",
    "WrittenMistakes",
    "mistakes_frame",
    "mistakes_record",
    "read_mistakes",
    "write_mistakes",
]
