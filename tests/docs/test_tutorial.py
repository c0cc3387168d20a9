"""The tutorial notebook runs from its first cell to its last, and is kept without outputs."""

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

PATH = Path(__file__).parents[2] / "docs" / "tutorial.ipynb"
SIZES = '"n_train": 200, "n_test": 100'


@pytest.fixture
def notebook() -> nbformat.NotebookNode:
    return nbformat.read(PATH, as_version=4)


def test_it_is_kept_without_outputs(notebook):
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert not any(cell.outputs or cell.execution_count for cell in code)


@pytest.mark.slow
def test_it_runs(notebook, environment, tmp_path):
    """On fewer images, whose features other tests need too."""
    [cell] = [cell for cell in notebook.cells if SIZES in cell.source]
    cell.source = cell.source.replace(SIZES, '"n_train": 120, "n_test": 60')
    client = NotebookClient(notebook, timeout=600, resources={"metadata": {"path": str(tmp_path)}})
    client.execute(env=environment)
    shown = [output for cell in notebook.cells for output in cell.get("outputs", ())]
    pages = [output.data["text/html"] for output in shown if "text/html" in output.get("data", {})]
    assert any("mAP by share of known labels" in page for page in pages)
    assert any("13 cells: 0 done, 13 to do" in page for page in pages)
    assert any("[13/13]" in str(output) for output in shown)
    assert any("image/png" in output.get("data", {}) for output in shown)
    errors = [output.text for output in shown if output.get("name") == "stderr"]
    assert not [text for text in errors if "IProgress" not in text]  # tqdm misses ipywidgets, and says so
    assert not any("\x1b" in str(output) for output in shown)
