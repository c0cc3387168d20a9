"""Discovery of a package's modules: what is imported, all or the one for a name, registers what it defines."""

import importlib
import pkgutil
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from bench.system.declared import declaring_file


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


def import_declaring(name: str, packages: Iterable[str]) -> None:
    """Import the module whose text registers `name`, if there is one; a failure is left to `import_modules` to tell."""
    for package in packages:
        folder = package_folder(package)
        file = declaring_file(name, folder)
        if file is not None:
            with suppress(Exception):
                importlib.import_module(".".join([package, *file.relative_to(folder).with_suffix("").parts]))
            return


def package_folder(package: str) -> Path:
    """Where the package lies."""
    return Path(str(importlib.import_module(package).__file__)).parent
