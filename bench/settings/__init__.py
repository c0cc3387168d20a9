"""Typed settings, their search ranges, the registries of names, and plain YAML."""
