"""Figures, `report.md` and when they are drawn again."""

import re
import shutil

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from helpers.store_factory import Grid, fail, finish, make_store, save_sweep
from PIL import Image

from bench.records.store import Store
from bench.report import read_results, write_report
from bench.report.figures.curves import ratio_figure
from bench.report.figures.palette import PALETTE
from bench.report.write import remove_others

pytestmark = pytest.mark.slow


def test_figures_are_drawn_and_not_empty(written):
    folder = written[1].parent
    for name in ("ratios", "curves"):
        image = np.asarray(Image.open(folder / f"{name}.png").convert("RGB"))
        colours = {tuple(c) for c in np.unique(image.reshape(-1, 3), axis=0)}
        lines = {tuple(bytes.fromhex(PALETTE[own][1:])) for own in ("vermillion", "blue", "black")}
        assert lines <= colours
        assert image.std() > 10
        svg = (folder / f"{name}.svg").read_text()
        assert "trm_ml" in svg
        assert "oracle (all labels)" in svg
        assert "clip_zero_shot (no training)" in svg
    assert Image.open(folder / "ratios.png").info["dpi"][0] == pytest.approx(200, abs=0.1)


@pytest.mark.usefixtures("sketched")
def test_drawing_leaves_no_trace_in_matplotlib(finished):
    import matplotlib.pyplot as plt

    before = dict(mpl.rcParams)
    first, second = ratio_figure(read_results(finished[0])), ratio_figure(read_results(finished[0]))
    assert dict(mpl.rcParams) == before
    assert plt.get_fignums() == []
    assert first == second


@pytest.mark.usefixtures("sketched")
def test_one_ratio_is_drawn_as_points(finished):
    results = read_results(finished[0], percents=[50])
    svg = ratio_figure(results)["svg"].decode()
    assert "50 % of the labels known" in svg
    assert all(method in svg for method in results.methods)


def test_the_csv_is_tidy_and_exact(written):
    frame = pd.read_csv(written[1].parent / "results.csv", keep_default_na=False, na_values=[""])
    rows = read_results(written[0]).frame
    assert frame["mAP"].tolist() == rows["mAP"].tolist()
    assert frame["percent"].tolist() == rows["percent"].tolist()


def test_the_report_says_what_a_reader_must_know(written):
    store, path = written
    text = path.read_text()
    assert "`trm_ml` is a reconstruction" in text
    assert "`scenes` is a miniature" in text
    assert "The paper of dualcoop. What to know about dualcoop." in text
    assert "`bench run --methods" in text
    assert "Nothing: every place" in text
    assert "torch 2.15.0" in text
    assert "- dualcoop: `epochs=4`, `lr=0.001`, `optimizer=adamw`" in text
    for row in store.rows():
        if row.cell.percent is not None:
            assert row.mask["sha256"][:12] in text
    for name in re.findall(r"\]\(([^)#]+)\)", text):
        assert (path.parent / name).exists()


def test_the_latest_report_is_at_hand_with_working_links(written):
    store, path = written
    text = (store.root / "report.md").read_text()
    links = re.findall(r"\]\(([^)#]+)\)", text)
    assert len(links) > 10
    assert all((store.root / link).exists() for link in links)
    assert text.replace(f"reports/{path.parent.name}/", "") == path.read_text()


def test_nothing_is_drawn_again_unless_something_changed(written, tmp_path, monkeypatch):
    store = Store(shutil.copytree(written[0].root, tmp_path / "results"))
    path = store.root / written[1].relative_to(written[0].root)
    before = {p.name: p.stat().st_mtime_ns for p in path.parent.iterdir()}
    save_sweep(store, Grid(methods=("asl",), percents=(10,)), created="2026-05-05T00:00:00+00:00")
    monkeypatch.setattr("bench.report.write._files", None)  # calling it would fail
    assert write_report(read_results(store, path.parent.name), store) == path
    assert {p.name: p.stat().st_mtime_ns for p in path.parent.iterdir()} == before


@pytest.mark.parametrize("change", ["row", "curve", "gap", "file"])
def test_what_changes_is_drawn_again(own, change, monkeypatch):
    drawn = []
    made = {"ratios.png": b"x", "report.md": "text"}
    monkeypatch.setattr("bench.report.write._files", lambda results, store, folder, images: drawn.append(1) or made)
    path = write_report(read_results(own), own)
    cell = own.cell(read_results(own).frame["key"].iloc[0])
    if change == "row":
        finish(own, cell, attempt=1)
    elif change == "curve":
        with (own.folder(cell.key) / "curve.jsonl").open("a") as file:
            file.write('{"epoch": 5, "mAP": 1.0}\n')
    elif change == "gap":
        (own.folder(cell.key) / "row.json").unlink()
        fail(own, cell)
    else:
        (path.parent / "ratios.png").unlink()
    write_report(read_results(own), own)
    assert len(drawn) == 2
    write_report(read_results(own), own)
    assert len(drawn) == 2


def test_a_report_of_nothing_is_a_report(tmp_path):
    store = Store(tmp_path)
    save_sweep(store, Grid(methods=("asl",), percents=(10, 50)))
    text = write_report(read_results(store), store).read_text()
    assert "0 of 2 places" in text
    assert "| asl | 10 % seed 0, 50 % seed 0 | planned | not run yet |" in text


@pytest.mark.usefixtures("sketched")
def test_protocols_without_a_ratio_have_one_column(tmp_path):
    grid = Grid(methods=("asl", "dualcoop"), percents=(None,), protocol="single_positive", dataset="voc2012", epochs=2)
    store, _ = make_store(tmp_path, grid)
    text = write_report(read_results(store), store).read_text()
    assert "| method | mAP |" in text
    assert "miniature" not in text
    assert (tmp_path / "reports" / read_results(store).selection.id / "ratios.svg").stat().st_size > 5000


@pytest.mark.parametrize("stamp", ['{"files": ["a.csv", "../kept.csv", "b.tex", 3]}', "{", '{"files": 3}', "[]"])
def test_what_an_earlier_report_had_and_this_one_has_not_is_removed_and_nothing_else(tmp_path, stamp):
    folder = tmp_path / "report"
    folder.mkdir()
    for path in (folder / "a.csv", folder / "b.tex", folder / "notes.txt", tmp_path / "kept.csv"):
        path.touch()
    (folder / "stamp.json").write_text(stamp)
    remove_others(folder, ["b.tex", "c.md"])
    removed = {"a.csv"} if "a.csv" in stamp else set()
    assert {path.name for path in folder.iterdir()} == {"a.csv", "b.tex", "notes.txt", "stamp.json"} - removed
    assert (tmp_path / "kept.csv").exists()
