"""Programs of Slurm on the path, which write down what they are given and answer what the test says."""

from dataclasses import dataclass
from pathlib import Path

PROGRAMS = {
    "sbatch": 'cat "$1" > "$HERE/script" && printf x >> "$HERE/count" && echo "Submitted batch job 4711"',
    "srun": "exit 1",
    "squeue": 'echo "$*" > "$HERE/squeue_arguments"; cat "$HERE/queue"',
    "scontrol": 'echo "JobId=4711 JobName=bench JobState=OUT_OF_MEMORY Reason=OutOfMemory"',
}


@dataclass(frozen=True)
class SlurmPrograms:
    """A folder for PATH, and what the programs in it were given."""

    folder: Path

    def write(self, name: str, body: str) -> None:
        """A program of the shell."""
        path = self.folder / name
        path.write_text(f"#!/bin/sh\nHERE='{self.folder}'\n{body}\n")
        path.chmod(0o755)

    def queue(self, *lines: str) -> None:
        """What squeue lists from now on."""
        (self.folder / "queue").write_text("".join(f"{line}\n" for line in lines))

    @property
    def flags(self) -> dict[str, str]:
        """What the last script says to sbatch: `--partition=gpu` by `partition`, switches as ""."""
        lines = (self.folder / "script").read_text().splitlines()
        flags = (line.removeprefix("#SBATCH --").partition("=") for line in lines if line.startswith("#SBATCH"))
        return {key: value for key, _, value in flags}

    @property
    def command(self) -> str:
        """The line of the script that starts the job's program."""
        return (self.folder / "script").read_text().strip().splitlines()[-1]

    @property
    def submitted(self) -> int:
        """How often sbatch took something."""
        count = self.folder / "count"
        return len(count.read_text()) if count.exists() else 0


def write_programs(folder: Path) -> SlurmPrograms:
    """All of them, with an empty queue."""
    folder.mkdir()
    programs = SlurmPrograms(folder)
    for name, body in PROGRAMS.items():
        programs.write(name, body)
    programs.queue()
    return programs
