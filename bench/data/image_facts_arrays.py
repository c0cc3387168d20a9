"""Facts about many images as arrays, as a manifest keeps them."""

from collections.abc import Mapping, Sequence

import numpy as np

from bench.data.image_facts import HASH_BYTES, STORED, ImageFacts

FACT_ARRAYS = ("sizes", "stored", "hashed", "hashes")
NOT_DECODED = "not decoded"


def facts_as_arrays(facts: Sequence[ImageFacts | None]) -> dict[str, np.ndarray]:
    """Arrays of N rows: width and height, how it is stored, whether it has hashes, and the hashes or zeros."""
    hashes = [b"" if one is None else one.hashes or b"" for one in facts]
    return {
        "sizes": np.array([(0, 0) if one is None else one[:2] for one in facts], np.int32).reshape(-1, 2),
        "stored": np.array([NOT_DECODED if one is None else one.stored for one in facts], dtype=str),
        "hashed": np.array([bool(one) for one in hashes], bool),
        "hashes": np.frombuffer(b"".join(one.ljust(HASH_BYTES, b"\0") for one in hashes), np.uint8),
    }


def facts_of_arrays(arrays: Mapping[str, np.ndarray]) -> list[ImageFacts | None]:
    """What was packed; ValueError if it is nothing of that kind."""
    sizes, stored, hashed = (arrays[name].tolist() for name in FACT_ARRAYS[:3])
    hashes = arrays["hashes"].tobytes()
    if len(hashes) != HASH_BYTES * len(sizes) or not set(stored) <= {*STORED, NOT_DECODED}:
        raise ValueError("facts about images are damaged or another version's")
    return [
        None
        if kind == NOT_DECODED
        else ImageFacts(
            size[0], size[1], kind, hashes[row * HASH_BYTES : (row + 1) * HASH_BYTES] if hashed[row] else None
        )
        for row, (size, kind) in enumerate(zip(sizes, stored, strict=True))
    ]
