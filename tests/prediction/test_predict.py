"""`predict` on files: the cell's own scores, all forms, and what becomes of files that are no images."""

import csv
import json
import weakref

import numpy as np
import pandas as pd
import pytest
import torch

from bench.errors import DataError, UsageError
from bench.prediction import PredictionRequest, predict
from bench.prediction.model import CellModel
from bench.prediction.stream import SCORE_BATCH
from bench.prediction.thresholds import choose_thresholds
from bench.trained import find_cell, open_trained_cell

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def photos(resources, tmp_path_factory):
    """The cell's 60 test images as files, in folders whose order is theirs."""
    folder = tmp_path_factory.mktemp("photos")
    for i, image in enumerate(resources.dataset.test.images):
        path = folder / f"part{i // 40}" / f"{i:03d}.png"
        path.parent.mkdir(exist_ok=True)
        image.save(path)
    return folder


@pytest.fixture(scope="module")
def score(cells):
    trained = {}

    def run(name, images, out, progress=lambda done, total: None, **words):
        key = getattr(cells, name)
        if name not in trained:
            cell = find_cell(cells.store, key)
            trained[name] = open_trained_cell(
                cell, cells.store, torch.device("cpu"), cells.cache, lambda title, done, total: None
            )
        request = PredictionRequest(images=images, out=out, **words)
        return predict(trained[name], cells.store.row(key), cells.store, request, progress)

    return run


@pytest.mark.parametrize(("name", "suffix"), [("texts", "csv"), ("heldout", "parquet"), ("tuned", "csv")])
def test_the_cells_own_test_images_get_their_stored_scores(cells, score, photos, tmp_path, name, suffix):
    steps = []
    result = score(name, photos, tmp_path / f"r.{suffix}", progress=lambda done, total: steps.append((done, total)))
    frame = (pd.read_csv if suffix == "csv" else pd.read_parquet)(result.out)
    assert frame["image"].tolist() == [f"part{i // 40}/{i:03d}.png" for i in range(60)]
    stored = cells.store.scores(getattr(cells, name))
    np.testing.assert_allclose(frame.iloc[:, 1:].to_numpy(), stored, atol=1e-4, rtol=0)
    assert steps[-1] == (60, 60)
    assert result.warnings == ()
    about = json.loads(result.record.read_text())
    assert about["cell"] == getattr(cells, name)
    assert about["values"] == {"are": "logits"}
    assert about["class_names"] == list(frame.columns[1:])
    assert about["preprocessing"]["size"] == 64
    assert about["images"]["scored"] == 60


def test_the_best_classes_as_json_lines(cells, score, photos, tmp_path):
    result = score("heldout", photos, tmp_path / "r.jsonl", top_k=3)
    records = [json.loads(line) for line in result.out.read_text().splitlines()]
    stored, names = cells.store.scores(cells.heldout), result.about["class_names"]
    for record, logits in zip(records, stored, strict=True):
        best = np.argsort(-logits)[:3]
        assert [one["class"] for one in record["top"]] == [names[c] for c in best]
        assert [one["score"] for one in record["top"]] == pytest.approx(logits[best].tolist(), abs=1e-4)


def test_thresholds_are_those_of_the_held_out_images_and_are_kept(cells, score, resources, photos, tmp_path):
    cell = cells.store.cell(cells.heldout)
    path = cells.store.file(cells.heldout, "decisions.json")
    path.unlink(missing_ok=True)
    result = score("heldout", photos, tmp_path / "r.csv", labels=True, precision=0.7)
    _, judged, _, rows = resources.labels.given(cell)
    model = CellModel(open_trained_cell(cell, cells.store, torch.device("cpu"), cells.cache, lambda *_: None))
    images = [model.preprocess(resources.dataset.train.images[row]) for row in rows]
    expected = choose_thresholds(model(torch.stack(images)).numpy(), judged, precision=0.7).values
    values = result.about["values"]
    names = result.about["class_names"]
    assert values["chosen_by"]["part"] == "held-out training images"
    assert values["chosen_by"]["images"] == len(rows) == 36
    kept = json.loads(path.read_text())["chosen"]["precision 0.7"]["values"]
    np.testing.assert_allclose([np.nan if x is None else x for x in kept], expected, atol=1e-4)
    frame = pd.read_csv(result.out)
    stored = cells.store.scores(cells.heldout)
    for c, name in enumerate(names):
        if np.isnan(expected[c]):
            assert name in values["without"]
            assert frame[name].isna().all()
        elif np.abs(stored[:, c] - expected[c]).min() > 1e-3:
            assert frame[name].tolist() == (stored[:, c] >= expected[c]).astype(int).tolist()
    changed = json.loads(path.read_text())
    one = changed["chosen"]["precision 0.7"]
    one["values"] = [None if value is None else -1e9 for value in one["values"]]
    path.write_text(json.dumps(changed))
    again = pd.read_csv(score("heldout", photos, tmp_path / "again.csv", labels=True, precision=0.7).out)
    assert set(again.iloc[:, 1:].stack().dropna()) == {1}, "what is kept is taken"
    path.write_text(json.dumps({**changed, "of": "another training"}))
    third = score("heldout", photos, tmp_path / "third.csv", labels=True, precision=0.7)
    assert third.out.read_bytes() == result.out.read_bytes()


def test_without_held_out_images_it_says_that_known_labels_were_trained_on(cells, score, photos, tmp_path):
    result = score("texts", photos, tmp_path / "r.csv", calibrate="platt")
    assert result.about["values"]["are"] == "probabilities"
    assert "trained on" in result.about["values"]["chosen_by"]["part"]
    assert any("look better than they are; see --holdout" in warning for warning in result.warnings)
    values = pd.read_csv(result.out).iloc[:, 1:].to_numpy()
    assert np.nanmin(values) >= 0
    assert np.nanmax(values) <= 1
    with pytest.raises(UsageError, match="no known label to choose thresholds or probabilities by"):
        score("zero", photos, tmp_path / "r.csv", labels=True)


def test_what_is_no_image_is_told_and_the_rest_goes_on(score, photos, tmp_path):
    table = tmp_path / "mine.csv"
    (photos / "bad.png").write_bytes((photos / "part0" / "000.png").read_bytes()[:200])
    (photos / "copy.png").write_bytes((photos / "part0" / "001.png").read_bytes())
    (photos / "=1+1.png").write_bytes((photos / "part0" / "002.png").read_bytes())
    names = ["part0/001.png", "bad.png", "copy.png", "nowhere.png", "../x.png", "/etc/passwd", "=1+1.png", "copy.png"]
    table.write_text("photo,note\n" + "".join(f"{name},x\n" for name in names))
    try:
        with pytest.raises(UsageError, match="give --column with one of photo, note"):
            score("heldout", table, tmp_path / "r.csv")
        result = score("heldout", table, tmp_path / "r.csv", column="photo", folder=photos)
    finally:
        for name in ("bad.png", "copy.png", "=1+1.png"):
            (photos / name).unlink()
    with result.out.open() as file:
        rows = list(csv.DictReader(file))
    assert [row["image"] for row in rows] == ["part0/001.png", "copy.png", "'=1+1.png"]
    about = result.about["images"]
    assert set(about["left_out"]) == {"bad.png", "nowhere.png", "../x.png", "/etc/passwd"}
    assert about["copies"] == {"copy.png": "part0/001.png"}
    assert about["named_twice"] == ["copy.png"]
    text = " ".join(result.warnings)
    assert "2 files are left out, since it leads out of the folder" in text
    assert "2 files are left out, since the file is missing or damaged" in text
    assert "1 image is a copy of others, to the byte: copy.png of part0/001.png" in text


def test_at_most_two_batches_of_images_are_in_memory(score, photos, tmp_path, monkeypatch):
    alive, most, preprocess = weakref.WeakSet(), [], CellModel.preprocess

    def counted(self, image):
        tensor = preprocess(self, image)
        alive.add(tensor)
        most.append(len(alive))
        return tensor

    names = tmp_path / "names.txt"
    names.write_text("".join(f"{i}.png\n" for i in range(360)))
    for i in range(360):
        (tmp_path / f"{i}.png").write_bytes((photos / f"part{i % 60 // 40}" / f"{i % 60:03d}.png").read_bytes())
    monkeypatch.setattr(CellModel, "preprocess", counted)
    assert score("heldout", names, tmp_path / "r.csv").about["images"]["scored"] == 360
    assert SCORE_BATCH < max(most) <= 2 * SCORE_BATCH + 1


def test_wrong_requests_are_refused_before_anything_is_read(score, photos, tmp_path):
    for words, sentence in (
        ({"images": tmp_path / "none"}, "there is no such folder or file"),
        ({"images": photos / "part0" / "000.png"}, "is one image; give its folder"),
        ({"out": tmp_path / "r.xlsx"}, "the ending says the format"),
        ({"labels": True, "top_k": 2}, "--labels gives no scores, so --top-k has no meaning"),
        ({"precision": 0.9}, "goes with --labels"),
        ({"labels": True, "precision": 1.5}, "--precision is a number above 0 and up to 1"),
        ({"column": "image"}, "are for a list or a table"),
    ):
        with pytest.raises(UsageError, match=sentence):
            score("heldout", **{"images": photos, "out": tmp_path / "r.csv", **words})
    (tmp_path / "list.csv").write_text("image\nx.png\n")
    with pytest.raises(UsageError, match="would replace what --images reads"):
        score("heldout", tmp_path / "list.csv", tmp_path / "list.csv")
    with pytest.raises(DataError, match=r"none of the images .* could be scored; x.png: .* is missing"):
        score("heldout", tmp_path / "list.csv", tmp_path / "r.csv")
    assert not (tmp_path / "r.csv").exists()


def test_the_command(call, cells, photos):
    arguments = ("--images", str(photos), "--results", str(cells.root), "--device", "cpu", "--out", "r.csv")
    result = call("predict", cells.heldout[:10], *arguments, "--top-k", "2")
    assert result.code == 0, result.err
    assert "60 images scored by asl scenes partial 50% seed 0" in result.out
    shown = call("predict", cells.heldout, *arguments, "--json")
    assert json.loads(shown.out) == {"out": "r.csv", "record": "r.csv.json", "warnings": []}
    assert call("predict", "zzz", *arguments).code == 2
