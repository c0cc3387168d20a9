"""The page on own methods keeps its word: its file alone adds a method that is listed and trains."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]


def test_the_example_needs_its_file_only(tmp_path):
    """A copy of the package with the page's file added."""
    (source,) = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "howto" / "method.md").read_text(), re.DOTALL)
    package = tmp_path / "copy"
    package.mkdir()
    for part in ("bench", "methods", "protocols"):
        subprocess.run(["cp", "-r", str(ROOT / part), str(package / part)], check=True)
    (package / "methods" / "baselines" / "mean_bce.py").write_text(source)
    command = "-m bench run --methods mean_bce --ratios 0.5 --data scenes.n_train=100 --data scenes.n_test=60"
    command += " --set mean_bce.epochs=1 --no-mlflow"
    done = subprocess.run(
        [sys.executable, *command.split()], cwd=package, capture_output=True, text=True, env={**os.environ}
    )
    assert done.returncode == 0, done.stderr
    assert "mean_bce" in done.stdout
