"""Submissions: which jobs were given which cells, kept in the store so that no other command submits them again."""

import datetime
import uuid
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path

from bench.records.names import printable
from bench.system.files import read_json, write_json

SLURM_FOLDER = "slurm"


@dataclass(frozen=True)
class Submission:
    """Jobs that share cells.

    cells: when each had failed before (`Store.failed_at`), by key: one that has failed since is not tried again.
    logs: the folder of the jobs' output.
    """

    scheduler: str
    jobs: tuple[str, ...]
    cells: Mapping[str, float]
    logs: str
    submitted: str = field(default_factory=lambda: datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"))

    @property
    def title(self) -> str:
        """The readable name of the jobs: `array 123`, or `123`."""
        arrays = {job.partition("_")[0] for job in self.jobs if "_" in job}
        return f"array {arrays.pop()}" if len(arrays) == 1 else ", ".join(self.jobs)


def save(store: Path, submission: Submission) -> None:
    """Keep it in the store."""
    write_json(store / SLURM_FOLDER / f"{uuid.uuid4().hex}.json", asdict(submission))


def submissions(store: Path) -> Iterator[Submission]:
    """All submissions in the store; other files are left out."""
    for path in sorted((store / SLURM_FOLDER).glob("*.json")):
        with suppress(OSError, ValueError, LookupError, TypeError, AttributeError):
            data = printable(read_json(path))
            yield Submission(
                scheduler=str(data["scheduler"]),
                jobs=tuple(map(str, data["jobs"])),
                cells={str(key): float(at) for key, at in data["cells"].items()},
                logs=str(data["logs"]),
                submitted=str(data["submitted"]),
            )
