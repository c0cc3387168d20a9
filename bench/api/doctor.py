"""Checks of this machine: versions, device, disk, and one small run that must repeat itself bit for bit."""

import itertools
import shutil
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bench.backbones import BACKBONES
from bench.data import DATASETS
from bench.errors import DataError
from bench.executors import Inline
from bench.executors.driver import run_cells
from bench.features.augmentation import AUGMENTATIONS
from bench.planning.plan import cells, open_dataset, plan
from bench.planning.request import Request
from bench.records.paths import inside
from bench.records.store import Store
from bench.settings import plugins
from bench.system.device import choose_device
from bench.system.environment import processor, versions
from bench.training.resources import Resources
from methods import METHODS
from protocols import PROTOCOLS

MIN_FREE_GB = 2
TRUST = (
    "a stranger's store, weights and MLflow server are safe to open; a plugin (a method or dataset of your "
    "own), an Optuna storage and a Ray cluster are not: they run code or choose what runs (docs/trust.md)"
)
"""Whose files are safe, in a line."""


@dataclass(frozen=True)
class DoctorCheck:
    """One thing that was looked at."""

    title: str
    fine: bool
    detail: str


def diagnose(results: Path, cache: Path) -> list[DoctorCheck]:
    """All findings, the self-check last."""
    findings = [DoctorCheck("versions", True, ", ".join(f"{name} {version}" for name, version in versions().items()))]
    findings.append(DoctorCheck("device", True, f"{choose_device()} ({processor()})"))
    findings += [_disk(name, path) for name, path in (("results", results), ("cache", cache))]
    for registry in (METHODS, DATASETS, PROTOCOLS, BACKBONES, AUGMENTATIONS):
        broken = "; ".join(f"{module}: {error}" for module, error in registry.broken().items())
        findings.append(DoctorCheck(f"{registry.kind}s", not broken, broken or ", ".join(registry.names())))
    broken = "; ".join(f"{plugin}: {error}" for plugin, error in plugins.broken().items())
    named = ", ".join(f"{p.name} ({', '.join(itertools.chain(*p.entries.values()))})" for p in plugins.loaded())
    findings.append(DoctorCheck("plugins", not broken, broken or named or "none named"))
    findings += [_links(results, cache), DoctorCheck("trust", True, TRUST)]
    findings.append(_self_check())
    return findings


def _disk(name: str, path: Path) -> DoctorCheck:
    existing = next(p for p in (path.resolve(), *path.resolve().parents) if p.exists())
    free = shutil.disk_usage(existing).free / 1e9
    return DoctorCheck(f"disk for {name}", free > MIN_FREE_GB, f"{free:.0f} GB free at {path}")


def _links(results: Path, cache: Path) -> DoctorCheck:
    """Whether a folder of the store or the cache is a link to another place."""
    places = [(results, name) for name in ("cells", "sweeps", "targets", "reports", "searches")]
    away = []
    for folder, name in [*places, (cache, "features")]:
        try:
            inside(folder, name)
        except DataError:
            away.append(str(folder / name))
    if away:
        return DoctorCheck("links", False, f"{', '.join(away)} leads to another place; make the whole store the link.")
    return DoctorCheck("links", True, "no folder of the store or the cache is a link to another place")


class _Silent:
    """An observer that only remembers failures."""

    def __init__(self) -> None:
        self.failures: list[str] = []

    def cell_started(self, cell: object) -> None: ...

    def epoch_ended(self, cell: object, epoch: int, epochs: int, record: object) -> None: ...

    def cell_ended(self, cell: object, ending: str, message: str) -> None:
        if ending == "failed":
            self.failures.append(message)


def _self_check() -> DoctorCheck:
    """Train a small cell twice in separate stores; the scores must be equal to the last bit."""
    started = time.perf_counter()
    overrides = {"scenes": {"n_train": 200, "n_test": 100}, "asl": {"epochs": 2}}
    sweep = Request(methods=("asl",), percents=(50,), overrides=overrides)
    scores, observer = [], _Silent()
    with tempfile.TemporaryDirectory() as scratch:
        for attempt in ("first", "second"):
            dataset = open_dataset(sweep, Path(scratch))
            resources = Resources(dataset, choose_device(), Path(scratch), progress=lambda title, done, total: None)
            store, todo = Store(Path(scratch) / attempt), list(cells(plan(sweep, dataset)))
            run_cells(todo, store, Inline(resources, store), observer)
            if observer.failures:
                return DoctorCheck("self-check", False, observer.failures[0])
            scores.append(store.scores(todo[0].key))
    same = np.array_equal(scores[0], scores[1])
    seconds = time.perf_counter() - started
    verdict = "two equal runs gave equal scores" if same else "two equal runs gave different scores"
    return DoctorCheck("self-check", same, f"{verdict}, {seconds:.1f} s")
