"""Masks in the cache: listed, and removed when asked for."""

import numpy as np
from typer.testing import CliRunner

from bench.cli import app
from bench.system.mapped import mapped


def call(*arguments: str) -> str:
    answer = CliRunner().invoke(app, ["cache", *arguments])
    assert answer.exit_code == 0, answer.output
    return answer.output


def test_masks_are_listed_and_removed(tmp_path):
    place, folder = f"--cache={tmp_path}", tmp_path / "masks"
    assert call("ls", place).count("\n") == 1
    arrays = [mapped(folder / f"{seed}.npy", lambda: np.ones((2**10, 2**10), np.int8)) for seed in range(2)]
    (folder / ".2.npy.cut-off").write_bytes(b"half")
    assert f"2 masks, 2.0 MiB in {folder}" in call("ls", place)
    assert call("rm", "--masks", place) == "removed 2 masks, 2.0 MiB\n"
    assert not list(folder.iterdir())
    assert all(array.all() for array in arrays), "who has one mapped keeps it"
    assert call("rm", "--all", "--masks", "--yes", place) == "removed 0 entries, 0 KiB; 0 masks, 0 KiB\n"
