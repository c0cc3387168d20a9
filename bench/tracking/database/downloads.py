"""Artifacts of a run, fetched one by one: each into a fresh folder, from where it is copied to its place."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from bench.errors import DataError
from bench.records.paths import inside

if TYPE_CHECKING:
    from mlflow import MlflowClient


class RunFiles:
    """The artifacts of one run, which may be a stranger's."""

    def __init__(self, client: "MlflowClient", run_id: str):
        self.client, self.run_id = client, run_id

    def names(self, folder: str | None = None) -> list[str]:
        """The artifacts that are files, of the run or of one of its folders."""
        return [item.path for item in self.client.list_artifacts(self.run_id, folder) if not item.is_dir]

    @contextmanager
    def fetched(self, name: str) -> Iterator[Path]:
        """One artifact, in a folder that is gone with the block."""
        with tempfile.TemporaryDirectory(prefix="bench-artifact-") as folder:
            written = self.client.download_artifacts(self.run_id, name, folder)
            path = inside(Path(folder), os.path.relpath(written, folder))
            if not path.is_file():
                uri = self.client.tracking_uri
                raise DataError(f"{name} of the run {self.run_id} at {uri} is no file; `bench sync` again.")
            yield path

    def take(self, name: str, folder: Path) -> None:
        """One artifact as a file of that name in `folder`."""
        place = inside(folder, name)
        with self.fetched(name) as path:
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, place)
