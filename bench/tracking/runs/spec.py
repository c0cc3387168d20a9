"""Specification of an MLflow run as plain data; nothing here knows MLflow."""

import functools
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, NamedTuple

Status = Literal["RUNNING", "FINISHED", "FAILED", "KILLED"]


class MetricPoint(NamedTuple):
    """One value of a metric; `seconds` after the run began."""

    key: str
    value: float
    step: int
    seconds: float = 0.0


class DatasetFacts(NamedTuple):
    """The labels that a cell learned from: the dataset's name and the SHA-256 of the mask."""

    name: str
    fingerprint: str
    mask_sha256: str
    profile: Mapping[str, float]


@dataclass(frozen=True)
class RunSpec:
    """One run.

    unit: its name inside the projection (`cell:<key>`, `sweep:<id>`, `summary:<id>:<method>`, `search:<id>`,
    `trial:<id>:<number>`, `tune:<id>`, `tuned:<id>:<method>`). parent: the unit that it belongs to. start, end: seconds
    since 1970. files: artifacts by name, large ones as the path of a file that is never written in place. In the
    description, `RUN` stands for the run's own id.
    """

    unit: str
    experiment: str
    name: str
    status: Status
    start: float
    end: float | None = None
    parent: str | None = None
    params: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    points: tuple[MetricPoint, ...] = ()
    files: Mapping[str, bytes | Path] = field(default_factory=dict)
    dataset: DatasetFacts | None = None

    @property
    def digest(self) -> str:
        """Equal digests, equal runs; times are left out, since a copied store has others."""
        points = [(p.key, repr(p.value), p.step) for p in self.points]
        content = [self.experiment, self.name, self.status, self.parent, dict(self.params), dict(self.tags)]
        text = json.dumps([*content, points, self.files_digest, self.dataset], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:32]

    @functools.cached_property
    def files_digest(self) -> str:
        """A hash of all artifacts, "" without any."""
        hashes = {name: hashlib.sha256(file_bytes(file)).hexdigest() for name, file in self.files.items()}
        return hashlib.sha256(json.dumps(hashes, sort_keys=True).encode()).hexdigest()[:16] if hashes else ""


def file_bytes(file: bytes | Path) -> bytes:
    return file if isinstance(file, bytes) else file.read_bytes()
