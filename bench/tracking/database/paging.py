"""Pages of an MLflow search, one after another."""

from collections.abc import Callable, Iterator
from typing import Any


def paged(search: Callable[..., Any], *arguments: object, **options: object) -> Iterator[Any]:
    """Everything that a search of the client gives: it is called again with each page's token."""
    token = None
    while True:
        page = search(*arguments, page_token=token, **options)
        yield from page
        token = page.token
        if not token:
            return
