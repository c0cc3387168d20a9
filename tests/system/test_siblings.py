"""A folder of a user's own that has the name of one of our packages."""

import subprocess
import sys
from pathlib import Path

import pytest

import bench

CHECKOUT = Path(bench.__file__).parents[1]


def run_script(folder: Path) -> subprocess.CompletedProcess[str]:
    """A script that imports `bench`; Python looks for packages beside it first, and in the checkout last."""
    script = folder / "script.py"
    script.write_text(f"import sys; sys.path.append({str(CHECKOUT)!r}); import bench; bench.run")
    return subprocess.run([sys.executable, script], capture_output=True, text=True, check=False)


@pytest.mark.parametrize("name", ["protocols.py", "protocols/__init__.py", "methods/__init__.py"])
def test_what_hides_a_package_of_ours_is_named_in_one_sentence(tmp_path, name):
    """Without the check the error comes from deep inside the program and names neither."""
    other = tmp_path / name
    other.parent.mkdir(exist_ok=True)
    other.touch()
    message = run_script(tmp_path).stderr.splitlines()[-1]
    package = name.removesuffix(".py").removesuffix("/__init__")
    assert message.startswith(f"ImportError: {tmp_path / package}")
    assert message.endswith(f"hides bench's own package {package!r}; rename it, or start Python elsewhere.")


def test_a_folder_that_is_no_package_hides_nothing(tmp_path):
    (tmp_path / "methods" / "trm_ml").mkdir(parents=True)
    ended = run_script(tmp_path)
    assert not ended.returncode, ended.stderr
