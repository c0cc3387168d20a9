"""CSV files that a spreadsheet may open: no text in them is taken for a formula."""

import csv
import io
from collections.abc import Callable, Iterable
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "\N{FULLWIDTH EQUALS SIGN}", "\N{FULLWIDTH PLUS SIGN}",
          "\N{FULLWIDTH HYPHEN-MINUS}", "\N{FULLWIDTH COMMERCIAL AT}")  # fmt: skip
"""How text begins that a spreadsheet would calculate, by OWASP's list ("CSV Injection")."""


def harmless(value: Any) -> Any:
    """The value; text that begins like a formula, and is no number, after an apostrophe.

    >>> harmless("=1+1"), harmless("-0.3"), harmless(-0.3), harmless("asl")
    ("'=1+1", '-0.3', -0.3, 'asl')
    """
    return f"'{value}" if isinstance(value, str) and value.startswith(STARTS) and not _is_number(value) else value


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return text == text.strip()


def csv_writer(file: IO[str]) -> Callable[[Iterable[Iterable[Any]]], None]:
    """A function that writes lines into a CSV file as they come."""
    table = csv.writer(file, lineterminator="\n")
    return lambda lines: table.writerows([harmless(value) for value in line] for line in lines)


def csv_text(lines: Iterable[Iterable[Any]]) -> str:
    """The lines, the header first, as the text of a CSV file."""
    table = io.StringIO()
    csv_writer(table)(lines)
    return table.getvalue()


def frame_csv(frame: "pd.DataFrame") -> str:
    """A data frame without its index as the text of a CSV file, its numbers as pandas writes them."""
    import numpy as np
    import pandas as pd

    safe = frame.copy()
    for place, (_, column) in enumerate(frame.items()):
        if not pd.api.types.is_numeric_dtype(column):
            texts = np.empty(len(column), object)
            texts[:] = [harmless(value) for value in column]
            safe.isetitem(place, texts)
    safe.columns = [harmless(name) for name in frame.columns]
    return safe.to_csv(index=False)
