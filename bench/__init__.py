"""bench: which method wins at multi-label recognition with missing labels, measured fairly."""

__version__ = "0.1.0"
