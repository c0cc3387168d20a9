"""Extras of a finished cell, kept beside its row and scores; none changes a score."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Kept:
    """weights: the final weights. test_curve: the test mAP after each epoch; else only that after the last one."""

    weights: bool = True
    test_curve: bool = True


EVERYTHING = Kept()
