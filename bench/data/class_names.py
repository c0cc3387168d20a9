"""Classes by name."""

from collections.abc import Sequence

from bench.errors import UsageError
from bench.system.wording import nearest


def class_columns(names: Sequence[str], class_names: Sequence[str]) -> list[int]:
    """The columns of the classes `names`; UsageError for one that the dataset does not have."""
    for name in names:
        if name not in class_names:
            raise UsageError(f"there is no class {name!r}; {nearest(name, class_names)}")
    return [class_names.index(name) for name in names]
