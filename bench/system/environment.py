"""Environment of a result: versions, device, threads, commit."""

import ast
import functools
import hashlib
import importlib.metadata
import importlib.util
import inspect
import platform
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench.system.cores import cores
from bench.system.origin import origin_of

PACKAGES = (
    "torch", "torchvision", "open_clip_torch", "mmengine", "mmpretrain", "numpy", "scikit-learn", "mlflow", "optuna",
)  # fmt: skip


@functools.cache
def versions() -> dict[str, str]:
    """Installed versions of what decides a result; absent packages are left out."""
    by_package = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            by_package[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return by_package


@functools.cache
def git_commit() -> str:
    """Commit of the source tree this package runs from, with "+changes" if it is dirty; "" outside a checkout."""
    root = Path(__file__).resolve().parents[2]
    if not (root / ".git").exists():
        return ""
    try:
        head = _git(root, "rev-parse", "HEAD")
        return head + ("+changes" if _git(root, "status", "--porcelain", "--untracked-files=no") else "")
    except (OSError, subprocess.SubprocessError):
        return ""


def _git(folder: Path, *arguments: str) -> str:
    command = ["git", "-C", str(folder), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=10).stdout.strip()


def environment(device: Any) -> dict[str, Any]:
    """What a row keeps about its machine and settings."""
    import torch

    gpu = torch.cuda.get_device_name(device) if device.type == "cuda" else ""
    return {
        "versions": versions(),
        "commit": git_commit(),
        "platform": platform.platform(),
        "processor": processor(),
        "device": gpu or "cpu",
        "threads": torch.get_num_threads(),
        "deterministic": True,
    }


@functools.cache
def processor() -> str:
    """The processor's name and number of cores this process may use."""
    name = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        lines = (line for line in info.read_text().splitlines() if line.startswith("model name"))
        name = next(lines, f": {name}").split(":", 1)[1].strip()
    return f"{name}, {cores()} cores"


def source_hash(method: type) -> str:
    """A hash of the source that makes a method: its file, package or plugin, and what that imports of `methods`."""
    origin = origin_of(method.__module__)
    if not origin.digest:
        return file_source_hash(Path(inspect.getfile(method)).resolve())
    shared = methods_folder()
    files = _closure({path for source in origin.sources.values() for path in _imports(source, shared)}, shared)
    digest = hashlib.sha256(origin.digest.encode())
    for file in sorted(files):
        digest.update(file.name.encode() + file.read_bytes())
    return digest.hexdigest()[:16]


@functools.cache
def file_source_hash(own: Path) -> str:
    """The same for the file `own` in which a method is defined."""
    shared = methods_folder()
    is_package = own.is_relative_to(shared) and own.parent not in (shared, shared / "baselines")
    files = _closure(set(own.parent.glob("**/*.py")) if is_package else {own}, shared)
    digest = hashlib.sha256()
    for file in sorted(files):
        digest.update(file.name.encode() + file.read_bytes())
    return digest.hexdigest()[:16]


def _closure(new: set[Path], shared: Path) -> set[Path]:
    """These files and all that they import of `methods`."""
    files: set[Path] = set()
    while new:
        files |= new
        new = {path for file in new for path in _imports(file.read_bytes(), shared)} - files
    return files


@functools.cache
def methods_folder() -> Path:
    """Where the package `methods` lies; importing it would take seconds, and torch."""
    loaded = sys.modules.get("methods") or importlib.util.find_spec("methods")
    return Path(str(getattr(loaded, "__file__", None) or getattr(loaded, "origin", ""))).resolve().parent


@functools.cache
def _imports(source: bytes, package: Path) -> tuple[Path, ...]:
    return tuple(_imported(source, package))


def _imported(source: bytes, package: Path) -> Iterator[Path]:
    """Files inside `package` that a file of this source imports from by its full name."""
    for node in ast.walk(ast.parse(source)):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import | ast.ImportFrom) else []
        modules = names if isinstance(node, ast.Import) else [f"{getattr(node, 'module', None)}.{n}" for n in names]
        for module in modules:
            first, *rest = module.split(".")
            for depth in range(len(rest) + 1 if first == package.name else 0):
                place = package.joinpath(*rest[:depth])
                yield from (path for path in (place / "__init__.py", place.with_suffix(".py")) if path.is_file())
