"""Folders of datasets: from the command line, the environment, or the user's configuration file, in this order."""

import os
import tomllib
from pathlib import Path

import platformdirs

from bench.errors import UsageError


def config_file() -> Path:
    """The user's configuration file, which need not exist."""
    return Path(platformdirs.user_config_dir("missing-label-bench")) / "config.toml"


def variable(dataset: str) -> str:
    """`coco` -> `BENCH_ROOT_COCO`."""
    return f"BENCH_ROOT_{dataset.upper()}"


def find_root(dataset: str, given: Path | None) -> Path:
    """The folder of `dataset`; UsageError that names all three ways to give it if none was used."""
    root = given or os.environ.get(variable(dataset)) or _configured().get(dataset)
    if root is None:
        raise UsageError(
            f"dataset {dataset!r} is read from your disk; say where with --root DIR, with the environment variable "
            f'{variable(dataset)}, or with {dataset} = "DIR" under [roots] in {config_file()}.'
        )
    return Path(root).expanduser()


def _configured() -> dict[str, str]:
    path = config_file()
    try:
        roots = tomllib.loads(path.read_text()).get("roots", {})
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise UsageError(f"{path} is no TOML file that can be read ({error}); mend or delete it.") from None
    if not isinstance(roots, dict) or not all(isinstance(root, str) for root in roots.values()):
        raise UsageError(f'{path}: [roots] must hold lines such as coco = "/data/coco".')
    return roots
