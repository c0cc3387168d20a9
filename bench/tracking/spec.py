"""What an MLflow run should look like, as plain data; nothing here knows MLflow."""

import hashlib
import json
import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

Status = Literal["RUNNING", "FINISHED", "FAILED", "KILLED"]

PARAM_LIMIT, TAG_LIMIT, KEY_LIMIT = 6000, 5000, 250
"""Characters of a value and of a key; the tag limit is that of MLflow 3.7, later ones allow more."""

NOTE = "mlflow.note.content"


class Point(NamedTuple):
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
    """One run. unit: its name inside the projection (`cell:<key>`, `sweep:<id>`, `summary:<id>:<method>`).

    parent: the unit it hangs under. start, end: seconds since 1970. files: artifacts by name.
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
    points: tuple[Point, ...] = ()
    files: Mapping[str, bytes] = field(default_factory=dict)
    dataset: DatasetFacts | None = None

    @property
    def digest(self) -> str:
        """Equal digests, equal runs; times are left out, since a copied store has others."""
        files = {name: hashlib.sha256(content).hexdigest() for name, content in self.files.items()}
        points = [(p.key, repr(p.value), p.step) for p in self.points]
        told = [self.experiment, self.name, self.status, self.parent, dict(self.params), dict(self.tags)]
        text = json.dumps([*told, points, files, self.dataset], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:32]


def metric_key(name: str) -> str:
    """A name that MLflow takes for a metric.

    >>> metric_key("AP/potted plant"), metric_key("mAP@0.1"), metric_key("AP/a//b")
    ('AP/potted plant', 'mAP_0.1', 'AP/a/b')
    """
    allowed = re.sub(r"[^\w/. -]", "_", name)
    return posixpath.normpath(allowed).lstrip("./")[:KEY_LIMIT] or "_"


def cut(text: str, limit: int) -> str:
    """The text, ended with an ellipsis if it is longer than `limit`."""
    return text if len(text) <= limit else text[: limit - 1] + "…"
