"""Types of functions that are called during a long piece of work."""

from collections.abc import Callable

Progress = Callable[[int, int], None]
"""Called with (done, in all): images, pictures or cells."""

NamedProgress = Callable[[str, int, int], None]
"""Called with (what is being done, done, in all)."""
