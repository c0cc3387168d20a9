"""The packages `methods` and `protocols`, which lie beside `bench` and have names that other folders have too."""

import os
from importlib.util import find_spec
from pathlib import Path

SIBLINGS = ("methods", "protocols")


def refuse_hidden(package: Path) -> None:
    """ImportError if Python has other packages than those beside `package`, the folder of `bench`.

    A folder `methods` beside a user's script comes before them; what follows would be an error far from its cause.
    """
    for name in SIBLINGS:
        spec = find_spec(name)
        places = (spec.submodule_search_locations or [spec.origin or ""]) if spec else []
        if places and os.path.realpath(package.parent / name) not in map(os.path.realpath, places):
            raise ImportError(f"{places[0]} hides bench's own package {name!r}; rename it, or start Python elsewhere.")
