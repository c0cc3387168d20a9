"""`--ratios` and `--seeds` as people type them; inside, a ratio is an integer percent and never a float."""

import re
from decimal import Decimal

from bench.errors import UsageError

ALLOWED = "shares (0.1), percents (10 or 10%), lists (0.1,0.5) and ranges in steps of ten percent (0.1-0.9)"
_NUMBER = re.compile(r"\d*\.?\d+%?$")


def parse_ratios(text: str) -> list[int]:
    """Integer percents, sorted, each once.

    >>> parse_ratios("0.1-0.9")
    [10, 20, 30, 40, 50, 60, 70, 80, 90]
    >>> parse_ratios("5%,0.5"), parse_ratios("10-30")
    ([5, 50], [10, 20, 30])
    """
    percents: set[int] = set()
    for part in text.split(","):
        first, dash, last = (piece.strip() for piece in part.partition("-"))
        low, part = _percent(first, text), part.strip()
        if not dash:
            percents.add(low)
            continue
        high = _percent(last, text)
        if high < low:
            raise UsageError(f"--ratios {text!r}: {part!r} runs backwards; write the smaller end first.")
        if (high - low) % 10:
            raise UsageError(f"--ratios {text!r}: {part!r} is no whole number of 10 % steps; list them instead.")
        percents.update(range(low, high + 1, 10))
    return sorted(percents)


def _percent(number: str, text: str) -> int:
    if not _NUMBER.match(number):
        raise UsageError(f"--ratios {text!r}: {number!r} is not a share of known labels; allowed are {ALLOWED}.")
    value = Decimal(number.rstrip("%"))
    is_share = not number.endswith("%") and ("." in number or value == 1)
    percent = value * 100 if is_share else value
    if not 0 < percent <= 100 or percent != int(percent):
        raise UsageError(f"--ratios {text!r}: {number!r} is not a whole percent from 1 to 100; allowed are {ALLOWED}.")
    return int(percent)


def parse_seeds(text: str) -> list[int]:
    """Seeds as a list and ranges of whole numbers.

    >>> parse_seeds("0-2,7")
    [0, 1, 2, 7]
    """
    seeds: set[int] = set()
    for part in map(str.strip, text.split(",")):
        match = re.fullmatch(r"(\d+)\s*(?:-\s*(\d+))?", part)
        if not match:
            raise UsageError(f"--seeds {text!r}: {part!r} is no seed; allowed are whole numbers, 0,1,2 and 0-4.")
        low, high = int(match[1]), int(match[2] or match[1])
        if high < low:
            raise UsageError(f"--seeds {text!r}: {part!r} runs backwards; write the smaller end first.")
        seeds.update(range(low, high + 1))
    return sorted(seeds)
