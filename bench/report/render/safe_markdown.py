"""Markdown that a browser may show: names from a store, whoever made it, bring no markup of their own into a page."""

import re

_MARKUP = re.compile(r"<(?!/?(?:u|details|summary)>)")
_LINK = re.compile(r"\]\((?!(?![/.]*/)[\w./#-]+\))")
_DEFINITION = re.compile(r"^([\s>*+-]*(?:\d+[.)]\s*)?)\[([^\]\n]*)\]:", re.MULTILINE)


def tame(text: str) -> str:
    r"""A page of Markdown with no HTML but `<u>`, `<details>` and `<summary>`, and with links to its own files alone.

    It is for the page as it is written, not for its parts: what a name breaks open elsewhere on a line cannot matter
    then. Doing it twice changes nothing.

    >>> print(tame("**<img src=x>** <u>2.5</u> [log](log.txt) [a](javascript:b)"))
    **&lt;img src=x>** <u>2.5</u> [log](log.txt) [a]\(javascript:b)
    """
    return _DEFINITION.sub(r"\1\[\2]:", _LINK.sub(r"]\(", _MARKUP.sub("&lt;", text)))


def fenced(text: str) -> str:
    """Text as a block of code that nothing in it can end."""
    runs = (len(run) for run in re.findall("`+", text))
    fence = "`" * max(3, 1 + max(runs, default=0))
    return f"{fence}\n{text}\n{fence}"
