"""Entry points by which installed distributions offer their classes."""

import importlib.metadata
from collections.abc import Iterator
from typing import Any

from bench.settings.plugins.known import error_text, forget

GROUP = "missing_label_bench"


def load_entry_points(axis: str) -> Iterator[tuple[str, Any, str]]:
    """What installed distributions offer for `axis` ("methods", ...): name, what it names, and the problem or ""."""
    for point in importlib.metadata.entry_points(group=f"{GROUP}.{axis}"):
        try:
            yield point.name, point.load(), ""
        except (Exception, SystemExit) as error:
            forget(point.module)
            of = f" (distribution {point.dist.name} {point.dist.version})" if point.dist else ""
            yield point.name, None, error_text(error) + of


def any_entry_point() -> bool:
    """Whether an installed distribution offers anything."""
    return any(group.startswith(f"{GROUP}.") for group in importlib.metadata.entry_points().groups)
