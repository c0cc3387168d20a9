"""What a cell keeps beside its row and its scores; none of it changes a score."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Kept:
    """weights: the final weights. test_curve: the test mAP after each epoch; else only that after the last one."""

    weights: bool = True
    test_curve: bool = True


EVERYTHING = Kept()
