"""Variance studies: one stream of randomness varied at a time."""
