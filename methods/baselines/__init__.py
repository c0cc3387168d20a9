"""Baselines: one file a method, found by the registry."""
