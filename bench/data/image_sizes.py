"""Sizes of a dataset's images, read from the headers of some, and a sentence where an encoder enlarges them."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from PIL import Image

from bench.records.component import Component

SAMPLED = 64


def sampled_sizes(ids: Sequence[str], files: Callable[[Sequence[str]], Sequence[Path]]) -> dict[str, Any]:
    """The fact `image_sizes`: smallest and largest area among evenly spaced images; {} if none can be opened.

    files: the files of some ids, in their order.
    """
    count = min(SAMPLED, len(ids))
    sizes = []
    for path in files([ids[i * len(ids) // count] for i in range(count)]):
        with suppress(Exception):  # a damaged file makes Pillow raise nearly anything
            if path.is_file():  # opening a pipe would block
                with Image.open(path) as image:
                    sizes.append(image.size)
    if not sizes:
        return {}
    ordered = sorted(sizes, key=lambda size: (size[0] * size[1], size))
    return {"image_sizes": {"smallest": [*ordered[0]], "largest": [*ordered[-1]], "sampled": len(sizes)}}


def enlarged_sentence(facts: Mapping[str, Any], backbone: Component) -> str:
    """That even the largest of the sampled images is smaller than the encoder's square; "" if it is not, or unknown."""
    match facts.get("image_sizes"), backbone.options.get("image_size"):
        case {"smallest": [int(a), int(b)], "largest": [int(c), int(d)], "sampled": int(count)}, int(side):
            if max(c, d) >= side:
                return ""
            span = f"{c} x {d}" if (a, b) == (c, d) else f"{a} x {b} to {c} x {d}"
            shape = ", whatever their shape" if a != b or c != d else ""
            return (
                f"the images have {span} pixels ({count} of them looked at); {backbone.name} takes {side} x {side}, to "
                f"which they are enlarged{shape}"
            )
    return ""
