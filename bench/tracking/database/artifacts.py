"""Files of a run: brought to where MLflow keeps artifacts, without a copy where the disk allows it."""

import os
import shutil
import tempfile
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from bench.records.paths import inside
from bench.tracking.runs.spec import RunSpec

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

FILES_DIGEST = "bench.files"
"""Tag with a hash of the files that a run has."""


def log_files(client: "MlflowClient", run: "Run", spec: RunSpec, artifact_root: Path | None) -> None:
    """Bring the run's artifacts in one go, unless it has them."""
    if not spec.files or run.data.tags.get(FILES_DIGEST) == spec.files_digest:
        return
    place = urllib.parse.urlparse(run.info.artifact_uri)
    if place.scheme == "file":
        local = Path(urllib.request.url2pathname(place.path))
        if artifact_root is not None:
            inside(artifact_root, os.path.relpath(local, artifact_root))
        _write_files(spec.files, local)
        return
    with tempfile.TemporaryDirectory() as folder:
        _write_files(spec.files, Path(folder))
        client.log_artifacts(run.info.run_id, folder)


def _write_files(files: Mapping[str, bytes | Path], folder: Path) -> None:
    """Write the files; large ones become second names of the store's own, which takes no room."""
    for name, content in files.items():
        path = inside(folder, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        if isinstance(content, bytes):
            path.write_bytes(content)
            continue
        try:
            os.link(content, path)
        except OSError:  # another disk, or one that knows no links
            shutil.copyfile(content, path)
