"""The papers' tables in a report: camp by camp, our cells below their lines, with everything in which they differ."""

import html
import re

import pandas as pd
import pytest
from helpers import store_factory as factory

from bench.records.cells import Cell
from bench.records.component import Component
from bench.records.store import Store
from bench.records.sweeps import Place, SweepRecord
from bench.report import read_results, write_report
from bench.report.published.groups import published_groups
from bench.report.render.latex_text import escaped

pytestmark = pytest.mark.slow

METHODS, PERCENTS, SEEDS = ("dualcoop", "sst"), (10, 50), (0, 1)
RANDOM = "random weights here: the number says nothing"


def _cell(method: str, percent: int, seed: int) -> Cell:
    return Cell(
        method=Component(method, options={"epochs": 2, "lr": 0.002}),
        dataset=Component("coco", options={"images": "all"}, fingerprint="f" * 64),
        protocol=Component("hcp"),
        backbone=Component("RN101", options={"weights": "random", "image_size": 448}, fingerprint="b" * 64),
        percent=percent,
        seed=seed,
    )


@pytest.fixture(scope="module")
def reported(tmp_path_factory) -> tuple[Store, str]:
    """A smoke run on a subset of COCO with random weights, and the folder of its report."""
    store = Store(tmp_path_factory.mktemp("coco"))
    places = [(m, p, s) for s in SEEDS for p in PERCENTS for m in METHODS]
    for place in places:
        factory.finish(store, _cell(*place), flags=("random weights",), data={"official_lists": False})
    record = SweepRecord(
        id="c" * 12,
        created="2026-01-02T03:04:05+00:00",
        command=("bench", "run", "--dataset", "coco"),
        dataset="coco",
        protocol="hcp",
        backbone="RN101",
        methods=tuple(METHODS),
        places=tuple(Place(*place, _cell(*place).key) for place in places),
    )
    store.save_sweep(record)
    return store, write_report(read_results(store), store).parent


def _plain(text: str) -> str:
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", "", text)))


def test_every_camp_with_a_line_of_ours_has_its_own_table(reported):
    store, folder = reported
    result = published_groups(read_results(store))
    assert {group.setting for group in result} == {"partial"}
    assert len({group.camp.id for group in result}) == len(result) > 1
    text = (folder / "report.md").read_text()
    papers = text[text.index("## Beside the papers") :]
    papers = papers[: papers.index("\n## ", 5)]
    tables = papers.split("\n### ")[1:]
    assert [table.split("\n")[0] for table in tables] == [
        f"Published on coco, share of known labels: {group.camp.title}" for group in result
    ]
    for table, group in zip(tables, result, strict=True):
        for line in group.lines:
            assert f"| {line.first.method}" in table, "no line has left its camp"
        assert group.camp.what.split(".")[0] in table


def test_ours_the_difference_and_every_mismatch_stand_in_all_forms(reported):
    store, folder = reported
    md, page = (folder / "report.md").read_text(), _plain((folder / "report.html").read_text())
    for place, group in enumerate(published_groups(read_results(store)), start=1):
        tex = (folder / f"papers_{place}.tex").read_text()
        for line in (line for line in group.lines if line.ours):
            gap = f"{line.difference(10):+.1f}".replace("-", "−")
            assert gap in md
            assert gap in page
            assert escaped(gap) in tex
            assert RANDOM in line.ours.mismatches
            for mismatch in line.ours.mismatches:
                assert f"ours: {mismatch}" in md
                assert f"ours: {mismatch}" in page
                assert escaped(f"ours: {mismatch}") in tex
    assert "ours, 2 seeds" in page


def test_the_csv_has_every_printed_number_of_the_camps_and_ours_beside(reported):
    store, folder = reported
    frame = pd.read_csv(folder / "papers.csv")
    papers = published_groups(read_results(store))
    assert len(frame) == sum(len(line.numbers) for group in papers for line in group.lines)
    mine = frame[frame["ours"].notna()]
    assert set(mine["bench_method"]) == set(METHODS)
    assert set(mine["percent"]) == {"10", "50"}
    assert (mine["difference"] - (mine["ours"] - mine["mAP"])).abs().max() < 1e-9
    assert mine["mismatches"].str.contains(RANDOM).all()
    assert frame.loc[frame["ours"].isna(), "mismatches"].isna().all()


def test_our_lines_stay_below_the_line_they_belong_to(reported):
    """Nothing hides or sorts a line away from its own: they are no methods for the page's filter."""
    text = (reported[1] / "report.html").read_text()
    part = text[text.index('id="papers"') : text.index('id="averages"')]
    assert "data-method" not in part
    assert "<button" not in part


def test_a_dataset_without_published_numbers_has_no_such_section(written):
    folder = written[1].parent
    assert "Beside the papers" not in (folder / "report.md").read_text()
    assert not list(folder.glob("papers*"))
