"""The page as text: nothing from elsewhere, everything escaped, every number linked to its cell."""

import re
from html.parser import HTMLParser

import pytest
from helpers.store_factory import Grid, fail, finish, running, save_sweep

from bench.records.store import Store
from bench.report import read_results, write_report
from bench.report.render.cell_page import cell_pages, render_cell_page
from bench.report.render.curve_svg import curve_svg
from bench.report.render.html import order

pytestmark = pytest.mark.slow

VOID = {"meta", "link", "input", "img", "br", "wbr"}
SHAPES = {"line", "circle", "polyline", "text", "title"}


class Checked(HTMLParser):
    """Collects links and sources, and fails on tags that do not match."""

    def __init__(self, text: str):
        super().__init__()
        self.links: list[str] = []
        self.open: list[str] = []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        self.links += [value for name, value in attributes if name in ("href", "src") and value]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        assert tag in SHAPES | VOID

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """A report with a failed cell, a running one, and a method of a name that tries to be markup."""
    grid = Grid(methods=("asl", "dualcoop", "<b>&amp;"), percents=(10, 50), seeds=(0, 1), epochs=2)
    store = Store(tmp_path_factory.mktemp("small") / "results")
    save_sweep(store, grid)
    failed, active = grid.cell("asl", 50, 1), grid.cell("dualcoop", 50, 1)
    for cell in grid.cells():
        if cell.key not in (failed.key, active.key):
            finish(store, cell)
    fail(store, failed, message="<script>alert(1)</script>")
    with running(store, active):
        path = write_report(read_results(store), store)
    return store, path.with_name("report.html"), failed, active


def test_tags_match_and_nothing_comes_from_elsewhere(small):
    _, path, *_ = small
    for page in (path, *(path.parent / "cells").glob("*.html")):
        text = page.read_text()
        for link in Checked(text).links:
            if link.startswith("#"):
                assert re.search(rf'id="{re.escape(link[1:])}"', text), link
            elif not link.startswith("data:"):
                assert not re.match(r"[a-z]+:|//", link), link
                assert (page.parent / link.partition("#")[0]).exists(), link
        assert "url(" not in text
        assert "@import" not in text


def test_what_is_not_markup_is_escaped(small):
    _, path, failed, _ = small
    assert "<b>&amp;<" not in path.read_text()
    assert "&lt;b&gt;&amp;amp;" in path.read_text()
    page = (path.parent / "cells" / f"{failed.key}.html").read_text()
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_every_finished_cell_is_linked_from_the_main_table_and_from_the_list(small):
    store, path, *_ = small
    text = path.read_text()
    main = text[text.index('id="ratios"') : text.index('id="gain"')]
    listed = text[text.index('id="cells"') :]
    for key in read_results(store).rows:
        assert f'href="cells/{key}.html"' in main
        assert f'href="cells/{key}.html"' in listed


def test_a_cells_page_tells_what_its_row_does(finished, tmp_path):
    store = finished[0]
    results = read_results(store)
    page = next(p for p in cell_pages(results, store, tmp_path, {}) if results.rows[p.key].epochs)
    row, text = results.rows[page.key], render_cell_page(page)
    assert f"{row.mAP:.2f}" in text
    for name, value in row.class_ap.items():
        assert name in text
        assert value is None or f"{value:.1f}" in text
    for shown in (row.mask["sha256"], "optimizer=adamw", "12,345", "torch 2.15.0", row.code, row.finished):
        assert shown in text
    assert "no test positives" in text
    assert "<polyline" in text


def test_failed_and_running_cells_have_pages_too(small):
    _, path, failed, active = small
    page = (path.parent / "cells" / f"{failed.key}.html").read_text()
    assert "Traceback" in page
    assert 'class="big">failed' in page
    assert 'class="big">running' in (path.parent / "cells" / f"{active.key}.html").read_text()


def test_only_pages_of_rows_that_changed_are_drawn_again(own, monkeypatch):
    monkeypatch.setattr("bench.report.write._files", lambda *_: {"report.md": "text"})
    home = write_report(read_results(own), own).parent / "cells"
    drawn = []
    monkeypatch.setattr(
        "bench.report.render.cell_page.render_cell_page", lambda page: drawn.append(page.key) or render_cell_page(page)
    )
    cell = own.cell(read_results(own).frame["key"].iloc[0])
    finish(own, cell, attempt=1)
    write_report(read_results(own), own)
    assert drawn == [cell.key]
    drawn.clear()
    cut = home / f"{cell.key}.html"
    cut.write_text(cut.read_text()[:500])
    finish(own, own.cell(read_results(own).frame["key"].iloc[1]), attempt=1)
    write_report(read_results(own), own)
    assert len(drawn) == 2, "the one whose row changed and the one that was cut off"


def test_pages_of_cells_that_are_gone_go_too(own, grid, monkeypatch):
    monkeypatch.setattr("bench.report.write._files", lambda *_: {"report.md": "text"})
    home = write_report(read_results(own), own).parent / "cells"
    key = grid.cell("trm_ml", 10, 0).key
    assert (home / f"{key}.html").exists()
    (own.folder(key) / "row.json").unlink()
    write_report(read_results(own), own)
    assert not (home / f"{key}.html").exists()


def test_curves_are_drawn_as_they_are():
    curve = [{"epoch": e, "mAP": m, "loss": 1 / e} for e, m in ((1, 10.0), (2, 30.0), (3, 20.0))]
    points = re.search(r'<polyline points="([^"]*)"[^>]*stroke="#0072B2"', str(curve_svg(curve)))[1]
    places = [tuple(map(float, point.split(","))) for point in points.split()]
    assert places[0][0] < places[1][0] < places[2][0]
    assert places[1][1] < places[2][1] < places[0][1]  # up is smaller
    assert places[2][1] - places[1][1] == pytest.approx(places[0][1] - places[2][1], abs=0.2)
    assert str(curve_svg([])) == ""
    assert "<polyline" in str(curve_svg([{"epoch": 1, "mAP": 5.0}]))


def test_values_sort_by_their_numbers():
    assert [order(text) for text in ("9.5 ± 1.0", "10.1", "−2.00 [−3.00, −1.00]", "-", "")] == [
        "9.5",
        "10.1",
        "-2.00",
        "",
        "",
    ]
