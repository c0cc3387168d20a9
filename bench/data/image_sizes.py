"""Sizes of a dataset's images, read from the headers of some, and a sentence where an encoder enlarges them."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from PIL import Image

from bench.records.component import Component

SAMPLED = 64


def sampled_sizes(ids: Sequence[str], files: Callable[[Sequence[str]], Sequence[Path]]) -> dict[str, Any]:
    """The fact `image_sizes`: by area smallest, median and largest of evenly spaced images; {} if none can be opened.

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
    ordered = sorted((list(size) for size in sizes), key=lambda size: (size[0] * size[1], size))
    smallest, median, largest = ordered[0], ordered[len(ordered) // 2], ordered[-1]
    return {"image_sizes": {"smallest": smallest, "median": median, "largest": largest, "sampled": len(sizes)}}


def enlarged_sentence(facts: Mapping[str, Any], backbone: Component) -> str:
    """That the median of the sampled images is smaller than the encoder's square; "" if it is not, or unknown."""
    match facts.get("image_sizes"), backbone.options.get("image_size"):
        case {
            "smallest": [int(a), int(b)],
            "median": [int(c), int(d)],
            "largest": [int(e), int(f)],
            "sampled": int(count),
        }, int(side) if max(c, d) < side:
            span = f"{e} x {f}" if (a, b) == (e, f) else f"{a} x {b} to {e} x {f}"
            which = "they" if max(e, f) < side else "most"
            return (
                f"the images have {span} pixels ({count} of them looked at); {backbone.name} takes {side} x {side}, to "
                f"which {which} are enlarged"
            )
    return ""
