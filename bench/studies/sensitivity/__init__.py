"""Sensitivity studies: one setting varied at a time."""
