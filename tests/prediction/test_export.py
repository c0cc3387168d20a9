"""Exported files give the cell's test scores without bench, and nothing is written that does not."""

import json
import re

import numpy as np
import pytest
import torch
from PIL import Image

from bench.errors import DataError, UsageError
from bench.prediction import CellModel
from bench.prediction.export import ExportRequest, export_cell
from bench.prediction.graph import GRAPH_FILES, read_graph
from bench.trained import open_trained_cell

pytestmark = pytest.mark.slow


def quiet(*_) -> None:
    """Progress that nobody watches."""


@pytest.fixture(scope="module")
def opened(cells):
    def open_one(name):
        cell = cells.store.cell(getattr(cells, name))
        trained = open_trained_cell(cell, cells.store, torch.device("cpu"), cells.cache, quiet)
        return trained, cells.store.row(cell.key), cells.store

    return open_one


def export(opened, name, to, out, check=20):
    return export_cell(*opened(name), ExportRequest(to=to, out=out, check=check), quiet)


@pytest.fixture(scope="module")
def archive(opened, tmp_path_factory):
    return export(opened, "tuned", "torch", tmp_path_factory.mktemp("archive"))


@pytest.fixture(scope="module")
def graph(opened, tmp_path_factory):
    for package in ("onnxruntime", "onnxscript"):
        pytest.importorskip(package, reason="needs the extra `export`")
    return export(opened, "texts", "onnx", tmp_path_factory.mktemp("graph"))


@pytest.mark.parametrize(("made", "name", "to"), [("graph", "texts", "onnx"), ("archive", "tuned", "torch")])
def test_the_file_gives_the_cells_test_scores_for_any_number_of_images(opened, request, made, name, to):
    result = request.getfixturevalue(made)
    trained, row, store = opened(name)
    file = result.files[GRAPH_FILES[to]]
    model, run = CellModel(trained), read_graph(to, file)
    images = torch.stack([model.preprocess(trained.split("test").images[i]) for i in range(60)]).numpy()
    for count in (60, 7, 1):
        np.testing.assert_allclose(run(images[:count]), store.scores(row.key)[:count], atol=1e-4, rtol=0)
    assert result.check["test_images"] == 20
    assert result.check["largest_difference"]["file_and_stored"] < 1e-4
    assert sorted(path.name for path in file.parent.iterdir()) == sorted(result.files), "nothing else is left there"
    card = result.files["model_card.md"].read_text()
    for words in ("## Licences", f"| {row.mAP:.1f} |", "| Reconstruction | no |", row.cell.dataset.fingerprint):
        assert words in card
    facts = json.loads(result.files["model.json"].read_text())
    assert facts["class_names"] == list(model.class_names)
    assert facts["input"]["shape"] == ["batch", 3, 64, 64]


@pytest.mark.parametrize(("made", "name"), [("graph", "texts"), ("archive", "tuned")])
def test_the_cards_example_runs_and_needs_no_bench(opened, request, tmp_path, monkeypatch, made, name):
    files = request.getfixturevalue(made).files
    trained, *_ = opened(name)
    for file in files.values():
        (tmp_path / file.name).symlink_to(file)
    trained.split("test").images[3].resize((90, 70)).save(tmp_path / "photo.jpg", quality=95)
    (code,) = re.findall(r"```python\n(.*?)```", files["model_card.md"].read_text(), re.DOTALL)
    assert "bench" not in code
    monkeypatch.chdir(tmp_path)
    values: dict = {}
    exec(code, values)
    model = CellModel(trained)
    logits = model(model.preprocess(Image.open(tmp_path / "photo.jpg"))[None])[0]
    assert [name for _, name in values["best"]] == [model.class_names[c] for c in logits.argsort(descending=True)[:5]]


def test_a_model_that_does_not_give_the_stored_scores_is_not_written(opened, tmp_path):
    trained, row, store = opened("heldout")
    with torch.no_grad():
        trained.method.head.bias += 0.01
    with pytest.raises(DataError, match=r"differs from the cell's stored test scores by up to 0\.01"):
        export_cell(trained, row, store, ExportRequest(to="torch", out=tmp_path), quiet)
    assert list(tmp_path.iterdir()) == []


def test_what_no_graph_expresses_is_one_sentence(opened, tmp_path, monkeypatch):
    trained, row, store = opened("heldout")

    def by_content(features):
        return features.pooled if features.pooled.sum() > 0 else -features.pooled

    monkeypatch.setattr(type(trained.method), "scorer", lambda self: by_content)
    with pytest.raises(UsageError, match=r"asl cannot be expressed as a graph \(\w+: .*\); use bench.load_model"):
        export_cell(trained, row, store, ExportRequest(to="torch", out=tmp_path), quiet)
    assert list(tmp_path.iterdir()) == []


def test_without_the_extra_it_says_what_to_install(call, cells, monkeypatch, tmp_path):
    monkeypatch.setattr("bench.prediction.graph._PACKAGES", ("no_such_package",))
    result = call("export", cells.heldout, "--to", "onnx", "--out", "e", "--results", str(cells.root))
    assert result.code == 2
    assert (
        "needs no_such_package; pip install '.[export]' in a copy of the repository, or give --to torch" in result.err
    )
    result = call("export", cells.heldout, "--to", "torch", "--out", "e", "--results", str(cells.root), "--check", "5")
    assert result.code == 0, result.err
    assert "checked on 5 test images: differs from the stored scores by at most" in result.out
    assert (tmp_path / "e" / "model_card.md").exists()
