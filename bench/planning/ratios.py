"""`--ratios` and `--seeds` as people type them; inside, a ratio is an integer percent and never a float."""

import re
from decimal import Decimal
from typing import NamedTuple

from bench.errors import UsageError
from bench.system.wording import shown

ALLOWED_RATIOS = (
    "shares (0.1; 1 is all), percents (10 or 10%), lists of either (0.1,0.5) and ranges in steps of ten percent "
    "(0.1-0.9)"
)
USUAL_PERCENTS = tuple(range(10, 100, 10))
"""Of a run that names none: those of the papers."""
_NUMBER = re.compile(r"[0-9]{0,9}\.?[0-9]{1,9}%?")
_SEEDS = re.compile(r"([0-9]{1,20}) *(?:- *([0-9]{1,20}))?")

MOST_SEEDS = 1000
"""Seeds of one sweep; a slip of the keyboard asks for more soon."""
LARGEST_SEED = 2**32 - 1


class _Ratio(NamedTuple):
    """share: whether it is written as a share: with a point, or as 1."""

    text: str
    percent: int
    share: bool


def parse_ratios(text: str) -> list[int]:
    """Integer percents, sorted, each once. All are shares or all are percents: `1` beside `10` could be either.

    >>> parse_ratios("0.1-0.9"), parse_ratios("1")
    ([10, 20, 30, 40, 50, 60, 70, 80, 90], [100])
    >>> parse_ratios("5%,50"), parse_ratios("10-30")
    ([5, 50], [10, 20, 30])
    """
    percents: set[int] = set()
    read: list[_Ratio] = []
    for part in map(str.strip, text.split(",")):
        first, dash, last = (piece.strip() for piece in part.partition("-"))
        ends = [_ratio(end, text) for end in ((first, last) if dash else (first,))]
        low, high = ends[0].percent, ends[-1].percent
        read += ends
        if high < low and ends[0].share == ends[-1].share:
            raise UsageError(f"--ratios {shown(text)}: {shown(part)} runs backwards; write the smaller end first.")
        if (high - low) % 10 and ends[0].share == ends[-1].share:
            raise UsageError(
                f"--ratios {shown(text)}: {shown(part)} is no whole number of 10 % steps; list them instead."
            )
        percents.update(range(low, high + 1, 10))
    _refuse_mixed(read, text)
    return sorted(percents)


def _ratio(number: str, text: str) -> _Ratio:
    if not _NUMBER.fullmatch(number):
        raise UsageError(
            f"--ratios {shown(text)}: {shown(number)} is not a share of known labels; allowed are {ALLOWED_RATIOS}."
        )
    value = Decimal(number.rstrip("%"))
    share = not number.endswith("%") and ("." in number or value == 1)
    percent = value * 100 if share else value
    if not 0 < percent <= 100 or percent != int(percent):
        raise UsageError(
            f"--ratios {shown(text)}: {shown(number)} is not a whole percent from 1 to 100; "
            f"allowed are {ALLOWED_RATIOS}."
        )
    return _Ratio(number, int(percent), share)


def _refuse_mixed(read: list[_Ratio], text: str) -> None:
    shares = [ratio for ratio in read if ratio.share]
    percents = [ratio for ratio in read if not ratio.share]
    if shares and percents:
        raise UsageError(
            f"--ratios {shown(text)}: {shares[0].text} is a share ({shares[0].percent} %) and {percents[0].text} a "
            f"percent; write all alike, for instance all with a percent sign; allowed are {ALLOWED_RATIOS}."
        )


def parse_seeds(text: str) -> list[int]:
    """Seeds as a list and ranges of whole numbers.

    >>> parse_seeds("0-2,7")
    [0, 1, 2, 7]
    """
    seeds: set[int] = set()
    for part in map(str.strip, text.split(",")):
        match = _SEEDS.fullmatch(part)
        if not match:
            raise UsageError(
                f"--seeds {shown(text)}: {shown(part)} is no seed; allowed are whole numbers, 0,1,2 and 0-4."
            )
        low, high = int(match[1]), int(match[2] or match[1])
        if high < low:
            raise UsageError(f"--seeds {shown(text)}: {shown(part)} runs backwards; write the smaller end first.")
        if high > LARGEST_SEED:
            raise UsageError(f"--seeds {shown(text)}: {high} is too large; allowed are seeds up to {LARGEST_SEED}.")
        seeds.update(range(low, min(high, low + MOST_SEEDS) + 1))
        if len(seeds) > MOST_SEEDS:
            raise UsageError(f"--seeds {shown(text)} are more than {MOST_SEEDS:,}, the most of one sweep; give fewer.")
    return sorted(seeds)
