"""Fixtures of plugin files."""

from helpers.plugin_files import _unload, write  # noqa: F401
