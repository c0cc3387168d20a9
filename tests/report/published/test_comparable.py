"""Our cells beside published numbers: the setting most like the paper's, with every mismatch named."""

import dataclasses
import json
import shutil

import pytest
from helpers import store_factory as factory
from helpers.published_cells import filled, published_cell
from helpers.store_factory import Grid

from bench.records.component import Component
from bench.records.store import Store
from bench.report.published.comparable import comparable, mismatches
from bench.report.published.data import to_json
from bench.report.published.groups import groups, published_groups, setting_of
from bench.report.published.numbers import PRINTED_AVERAGE
from bench.report.published.ours import RATIOS, ours
from bench.report.published.reading import published
from bench.report.published.tables import published_table
from bench.report.reading import read_results
from bench.report.tables.table import markdown

pytestmark = pytest.mark.slow


def _dualcoop(store: Store, protocol: str | None = None):
    frozen = next(
        g for g in groups("voc2007", store.rows(), protocol) if (g.setting, g.camp.id) == ("partial", "clip-rn101")
    )
    return frozen, next(line for line in frozen.lines if line.first.method == "DualCoOp")


def test_ours_stand_below_the_line_with_the_difference_and_take_no_part_in_the_ranking(store):
    group, line = _dualcoop(store)
    rows = {row.cell.percent: [] for row in store.rows()}
    for row in store.rows():
        rows[row.cell.percent].append(row.metrics["mAP_asl"])
    means = {percent: sum(values) / 2 for percent, values in rows.items()}
    for percent in RATIOS:
        assert line.ours.at(percent).mean == pytest.approx(means[percent])
        assert line.difference(percent) == pytest.approx(means[percent] - line.at(percent))
    assert line.difference(PRINTED_AVERAGE) == pytest.approx(sum(means.values()) / 9 - 93.2)
    drawn = published_table(group)
    place = next(i for i, row in enumerate(drawn.rows) if row[0].text == "DualCoOp")
    own, gap = drawn.rows[place + 1], drawn.rows[place + 2]
    assert own[0].text.strip() == "ours, 2 seeds"
    assert own[1].text.startswith(f"{means[10]:.1f} ±")
    assert {value.style for value in own[1:]} == {"aside"}
    assert gap[1].text == f"{means[10] - 90.3:+.1f}".replace("-", "−")
    assert set(own[1].keys) <= set(store.keys())
    assert own[1].keys
    without = published_table(_dualcoop(Store(store.root / "none"))[0])
    printed = [row for row in drawn.rows if row[0].text.strip() not in ("ours, 2 seeds", "difference")]
    assert printed == _same_marks(drawn, without)


def _same_marks(drawn, without):
    """The published rows, with the footnote numbers of the other table where the texts agree."""
    rows = []
    for row in without.rows:
        texts = [without.footnotes[mark - 1] for mark in row[0].marks]
        marks = tuple(sorted(drawn.footnotes.index(text) + 1 for text in texts))
        rows.append((dataclasses.replace(row[0], marks=marks), *row[1:]))
    return rows


def test_every_mismatch_has_a_sentence(store):
    _, line = _dualcoop(store)
    assert set(line.ours.mismatches) == {
        "protocol dualcoop there, hcp here",
        "the best epoch on the test images there, the last epoch here",
    }
    dual = line.first
    [row, *_] = [r for r in store.rows() if r.cell.seed == 0]

    def new_mismatches(**axes) -> set[str]:
        changed = dataclasses.replace(row, cell=dataclasses.replace(row.cell, **axes))
        return set(mismatches(dual, changed)) - set(line.ours.mismatches)

    small = Component("RN50", options={"weights": "openai", "image_size": 224})
    assert new_mismatches(backbone=small) == {
        "backbone CLIP RN101 there, RN50 here",
        "images of 448 pixels there, of 224 here",
    }
    random = Component("RN101", options={"weights": "random", "image_size": 448})
    assert new_mismatches(backbone=random) == {"random weights here: the number says nothing"}
    assert new_mismatches(feed=Component("live", options={"train": "last"})) == {
        "image encoder frozen there, last stage trained here"
    }
    assert new_mismatches(holdout=10) == {"10 % of the training images are held out here"}
    assert new_mismatches(protocol=Component("dualcoop")) == {
        "the mask there was drawn without a seed, so it cannot be drawn again",
    }
    coco = next(n for n in published().numbers if (n.dataset, n.method) == ("coco", "DualCoOp"))
    every = dataclasses.replace(
        row, cell=dataclasses.replace(row.cell, dataset=Component("coco", options={"images": "all"}))
    )
    assert "image lists 'annotated' there, 'all' here" in set(mismatches(coco, every))
    subset = dataclasses.replace(row, data={"official_lists": False})
    assert "not the official image lists here, so the test images differ" in set(mismatches(dual, subset))
    rebuilt = dataclasses.replace(row, flags=("reconstruction",))
    assert "the method is a reconstruction here, not the authors' code" in set(mismatches(dual, rebuilt))


def test_masks_of_other_seeds_are_not_the_published_mask(tmp_path):
    sst = next(n for n in published().numbers if (n.dataset, n.method) == ("voc2007", "SST"))
    alone, other = (factory.row(published_cell(10, seed, method="sst")) for seed in (0, 1))
    assert not any("mask" in text for text in mismatches(sst, alone))
    assert "hcp's mask of seed 0 there, also masks of other seeds here" in set(mismatches(sst, other))


def test_what_is_not_comparable_is_not_shown(store):
    dual = _dualcoop(store)[1].first
    row = store.rows()[0]
    assert comparable(dual, row)
    for change in (
        {"dataset": Component("voc2012")},
        {"method": Component("asl", options={"epochs": 5})},
        {"percent": None, "protocol": Component("full")},
        {"test": False},
    ):
        other = dataclasses.replace(row, cell=dataclasses.replace(row.cell, **change))
        assert not comparable(dual, other), change
    blind = dataclasses.replace(row, metrics={"heldout_mAP": 70.0})
    assert not comparable(dual, blind)


def test_the_setting_most_like_the_paper_is_shown_and_the_others_are_counted(store, tmp_path):
    shutil.copytree(store.root, tmp_path / "copy")
    store = Store(tmp_path / "copy")
    small = Component("RN50", options={"weights": "openai", "image_size": 224})
    filled(store, [published_cell(10, backbone=small), published_cell(10, protocol="partial", backbone=small)])
    group, line = _dualcoop(store)
    assert {row.cell.backbone.name for rows in line.ours.cells.values() for row in rows} == {"RN101"}
    assert line.ours.others == 2
    assert any("2 more settings" in note for note in published_table(group).footnotes)
    chosen = _dualcoop(store, protocol="partial")[1]
    assert {row.cell.protocol.name for rows in chosen.ours.cells.values() for row in rows} == {"partial"}
    assert chosen.ours.at(PRINTED_AVERAGE) is None
    assert chosen.difference(PRINTED_AVERAGE) is None


def test_a_line_with_an_average_alone_waits_for_all_ratios(tmp_path):
    hst = [n for n in published().numbers if (n.dataset, n.method) == ("voc2007", "HST")]
    rows = [factory.row(published_cell(percent, method="hst")) for percent in RATIOS]
    assert ours(hst, rows[:-1]) is None
    assert ours(hst, rows).at(PRINTED_AVERAGE).mean == pytest.approx(sum(r.metrics["mAP_voc"] for r in rows) / 9)


def test_options_tell_lines_of_one_method_apart(tmp_path):
    lines = {n.option[1]: n for n in published().numbers if n.dataset == "coco" and n.bench_method == "clip_zero_shot"}
    cell = published_cell(None, method="clip_zero_shot", protocol="full", dataset=Component("coco"))
    for pool in ("pooled", "dense"):
        method = Component("clip_zero_shot", options={"epochs": 0, "pool": pool})
        row = factory.row(dataclasses.replace(cell, method=method))
        assert {name for name, number in lines.items() if comparable(number, row)} == {pool}


def test_protocols_belong_to_the_settings_of_papers():
    assert {name: setting_of(name) for name in ("hcp", "partial", "role", "label_list", "full", "fixed_per_class")} == {
        "hcp": "partial", "partial": "partial", "role": "single_positive", "label_list": "single_positive",
        "full": "full", "fixed_per_class": "fixed_per_class",
    }  # fmt: skip


def test_a_report_gets_only_tables_that_its_cells_stand_beside(tmp_path):
    grid = Grid(methods=("dualcoop", "asl"), percents=(10, 50), dataset="voc2007")
    papers = tuple(map(published_table, published_groups(read_results(factory.make_store(tmp_path, grid)[0]))))
    assert len(papers) == 1
    assert "Frozen CLIP ResNet-101" in papers[0].title
    text = markdown(papers[0])
    assert "ours, 1 seed" in text
    assert "backbone CLIP RN101 there, tiny_clip here" in text
    scenes = read_results(factory.make_store(tmp_path / "scenes", Grid(percents=(10,)))[0])
    assert published_groups(scenes) == ()


def test_json_and_tables_hold_the_same_numbers(store):
    papers = groups("voc2007", store.rows())
    data = json.loads(json.dumps(to_json(papers)))
    [line] = [x for group in data for x in group["lines"] if (x["method"], group["setting"]) == ("DualCoOp", "partial")]
    assert line["mAP"]["10"] == 90.3
    assert line["ours"]["metric"] == "mAP_asl"
    assert line["ours"]["difference"]["10"] == pytest.approx(line["ours"]["mAP"]["10"] - 90.3)
    assert sorted(line["ours"]["cells"]) == store.keys()
    [drawn] = [published_table(g) for g in papers if (g.setting, g.camp.id) == ("partial", "clip-rn101")]
    assert f"{line['ours']['mAP']['10']:.1f} ±" in markdown(drawn)


def test_cells_of_a_variance_study_are_no_seeds_of_ours(store, tmp_path):
    """They stand for one source of chance each, so that their spread is no spread over seeds."""
    cells = [published_cell(10, 0), *(published_cell(10, 0, streams={"mask": seed}) for seed in (1, 2))]
    line = _dualcoop(filled(Store(tmp_path), cells))[1]
    assert [row.cell.streams for row in line.ours.cells[10]] == [{}]
