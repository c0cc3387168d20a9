"""Discovery of a package's modules: each is imported, so that what it defines is registered."""

import importlib
import pkgutil
from collections.abc import Iterable


def import_modules(packages: Iterable[str]) -> dict[str, str]:
    """Import the modules of these packages, but those with an underscore; the errors of those that cannot be."""
    broken = {}
    for package_name in packages:
        package = importlib.import_module(package_name)
        for module in pkgutil.iter_modules(package.__path__):
            if module.name.startswith("_"):
                continue
            try:
                importlib.import_module(f"{package_name}.{module.name}")
            except Exception as error:
                broken[module.name] = str(error)
    return broken
