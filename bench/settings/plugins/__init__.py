"""Plugins: methods, datasets, protocols, backbones and augmentations that come from outside the package.

They are found by entry points in the groups `missing_label_bench.methods`, `.datasets`, `.protocols`, `.backbones` and
`.augmentations`, and by name: `load_plugins(["my_method.py", "my_package"])`, the flag `--plugin`, and the variable
BENCH_PLUGINS. A plugin is code that runs with its user's rights; nothing in a store ever loads one.
"""

from bench.settings.plugins.entry_points import load_entry_points
from bench.settings.plugins.known import REGISTRIES, Plugin, broken, loaded
from bench.settings.plugins.load import VARIABLE, any_plugin, from_environment, load_environment, load_plugins
from bench.settings.plugins.transfer import Carried, CarriesPlugins, carried

__all__ = [
    "REGISTRIES",
    "VARIABLE",
    "Carried",
    "CarriesPlugins",
    "Plugin",
    "any_plugin",
    "broken",
    "carried",
    "from_environment",
    "load_entry_points",
    "load_environment",
    "load_plugins",
    "loaded",
]
