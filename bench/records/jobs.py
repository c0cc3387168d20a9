"""Jobs of a cluster that train cells: which one began a cell last, and where its output is."""

from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from bench.records.names import printable
from bench.records.sealed import MALFORMED
from bench.system.files import read_json, write_json

JOB_FILE = "job.json"


@dataclass(frozen=True)
class CellJob:
    """The job that began a cell last.

    stdout, stderr: the files of its output. epochs: how many the cell had when the job began it. starts: how many jobs
    in a row have begun it there, this one counted; 0 once the job has left it in order.
    """

    job: str
    host: str
    stdout: str
    stderr: str
    epochs: int = 0
    starts: int = 0

    @property
    def output(self) -> str:
        """Both files in a readable form: `123_0_log.out, .err`."""
        return f"{self.stdout}, {Path(self.stderr).suffix}"


def write_job(folder: Path, job: CellJob) -> None:
    """Keep it in the cell's folder."""
    write_json(folder / JOB_FILE, asdict(job))


def read_job(path: Path) -> CellJob | None:
    """The job that a file names; None where there is no such file, or it cannot be used."""
    with suppress(*MALFORMED):
        data = printable(read_json(path))
        texts = {name: str(data[name]) for name in ("job", "host", "stdout", "stderr")}
        return CellJob(**texts, epochs=int(data["epochs"]), starts=int(data["starts"]))
    return None
