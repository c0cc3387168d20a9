"""The C library's heap: blocks that are freed and needed again at once are kept, where the library allows it.

glibc gives a block of 32 MiB and more back to the system when it is freed. The next batch's activations then come as
new pages, each zeroed and mapped one by one: half of the processor time of encoding.
"""

import contextlib
import ctypes
import sys
from collections.abc import Iterator
from typing import Any

_TRIM_THRESHOLD, _MMAP_THRESHOLD, _MMAP_MAX = -1, -3, -4
_NEVER = 2**31 - 1
_USUAL = {_MMAP_MAX: 65536, _MMAP_THRESHOLD: 2**25, _TRIM_THRESHOLD: 2**26}
"""What glibc comes to by itself after large blocks were freed; it stops adapting once a value is given."""


@contextlib.contextmanager
def freed_blocks_kept() -> Iterator[None]:
    """Keep freed blocks while the block runs, and give them back after it; does nothing without glibc."""
    library: Any = ctypes.CDLL(None) if sys.platform == "linux" else None
    if not (hasattr(library, "mallopt") and hasattr(library, "malloc_trim")):
        yield
        return
    library.mallopt(_MMAP_MAX, 0)
    library.mallopt(_TRIM_THRESHOLD, _NEVER)
    try:
        yield
    finally:
        for parameter, value in _USUAL.items():
            library.mallopt(parameter, value)
        library.malloc_trim(0)
