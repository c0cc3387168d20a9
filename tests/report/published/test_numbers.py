"""Published numbers: every line is what the schema says, tables keep camps apart, ours stand beside with reasons."""

import csv
import dataclasses
import json
import shutil
import subprocess
from collections import Counter
from pathlib import Path

import pytest
from helpers import store_factory as factory
from helpers.store_factory import Grid

from bench.errors import DataError
from bench.records.cells import Cell, Component
from bench.records.store import Store
from bench.report.published.comparable import RATIOS, comparable, mismatches, ours
from bench.report.published.data import to_json
from bench.report.published.groups import groups, published_groups, setting_of
from bench.report.published.numbers import AVERAGE, DATASETS, folder, published, read
from bench.report.published.tables import table
from bench.report.results import load
from bench.report.tables.table import markdown
from methods import METHODS
from protocols import PROTOCOLS

REPOSITORY = Path(__file__).resolve().parents[3]
COLLECTED = REPOSITORY / ".." / "shared" / "data" / "published.csv"
THEIR_NAMES = {
    "COCO2014": "coco", "COCO2017": "coco2017", "VOC2007": "voc2007", "VOC2012": "voc2012", "NUS-WIDE": "nuswide",
    "CUB-200": "cub", "VG-200": "vg200", "VG-500": "vg500", "OpenImagesV3": "openimages_v3",
    "OpenImagesV6": "openimages_v6",
}  # fmt: skip


def test_every_line_is_valid_and_says_where_it_was_read():
    numbers = published().numbers
    assert len(numbers) > 600
    for number in numbers:
        assert number.dataset in DATASETS
        assert 5 < number.mAP < 100
        assert number.source in published().sources
        assert number.camp is None or number.camp in published().camps
        assert number.percent in (None, AVERAGE, "unstated", *RATIOS)
        assert (number.facts is None) == (
            not any([number.encoder, number.protocol not in (None, "full"), number.metric, number.selection])
        ), number
    assert {number.source for number in numbers} == set(published().sources), "no source without a number"
    assert {number.camp for number in numbers} - {None} == set(published().camps), "no camp without a number"


def test_names_of_ours_are_names_of_ours():
    for number in published().numbers:
        assert number.bench_method is None or number.bench_method in METHODS.names()
        assert number.protocol is None or number.protocol in PROTOCOLS.names()
        if number.option is not None:
            assert number.option[0] in {f.name for f in dataclasses.fields(METHODS.get(number.bench_method).Config)}


def test_well_known_figures_are_there():
    found = {(n.dataset, n.method, n.percent): n.mAP for n in published().numbers}
    assert found["coco", "DualCoOp", 10] == 78.7
    assert found["voc2007", "DualCoOp", AVERAGE] == 93.2
    assert found["coco", "SST", AVERAGE] == 76.7
    assert found["coco", "SCPNet", None] == 76.42


def test_printed_averages_are_the_means_of_their_numbers_but_for_the_known_oddities():
    lines: dict[tuple, dict] = {}
    for number in published().numbers:
        if number.setting == "partial":
            lines.setdefault((number.dataset, number.method, number.source), {})[number.percent] = number.mAP
    odd = set()
    for line, values in lines.items():
        if set(RATIOS) <= set(values) and AVERAGE in values:
            mean = sum(values[p] for p in RATIOS) / len(RATIOS)
            assert values[AVERAGE] == pytest.approx(mean, abs=0.45), line
            if abs(values[AVERAGE] - mean) > 0.06:
                odd.add(line[:2])
    assert odd == {
        ("coco", "SARB* (CLIP init)"), ("coco", "DualCoOp (reproduced in TaI-DPT code)"),
        ("voc2007", "DualCoOp (reproduced in TaI-DPT code)"), ("voc2007", "NegativeCoOp"), ("voc2007", "PositiveCoOp"),
    }  # fmt: skip


def test_the_figures_are_those_that_were_collected():
    if not COLLECTED.exists():
        pytest.skip("the collected numbers (../shared/data/published.csv) are not here")
    with COLLECTED.open(newline="") as file:
        theirs = Counter(_collected(record) for record in csv.DictReader(file))
    mine = Counter(
        (n.dataset, n.method, n.percent, n.mAP, n.image_size, n.year, n.setting == "full") for n in published().numbers
    )
    assert mine == theirs


def _collected(record: dict[str, str]) -> tuple:
    ratio = record["ratio"]
    known = {"avg": AVERAGE, "unspecified": "unstated"}.get(ratio)
    if known is None and record["setting"] == "partial" and ratio not in ("native", "fpc1000"):
        known = round(100 * float(ratio))
    size = int(record["image_size"]) if record["image_size"] else None
    return (
        THEIR_NAMES[record["dataset"]], record["method"], known, float(record["mAP"]), size, int(record["year"]),
        record["setting"] == "full",
    )  # fmt: skip


def test_the_files_are_tracked_not_ignored():
    for name in ("numbers.csv", "camps.csv", "sources.csv", "README.md"):
        assert (folder() / name).exists()
    if not (REPOSITORY / ".git").exists():
        pytest.skip("no git checkout")
    files = [f"results/published/{name}" for name in ("numbers.csv", "camps.csv", "sources.csv", "README.md")]
    ignored = subprocess.run(
        ["git", "check-ignore", *files], cwd=REPOSITORY, capture_output=True, text=True, check=False
    )
    assert ignored.stdout == ""
    assert ignored.returncode == 1


def test_the_schema_names_every_column():
    text = (folder() / "README.md").read_text()
    for column in (folder() / "numbers.csv").read_text().splitlines()[0].split(","):
        assert f"`{column}`" in text


LINE = (
    "coco,partial,10,DualCoOp,dualcoop,,78.7,clip-rn101,CLIP RN101,448,frozen,dualcoop,annotated,mAP_asl,"
    "best_on_test,code,NeurIPS,2022,dualcoop,"
)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (("78.7", "178.7"), "mAP = '178.7'"),
        (("78.7", "nan"), "mAP = 'nan'"),
        (("coco,", "cocoa,"), "dataset = 'cocoa'"),
        (("partial,10", "partial,0"), "percent = '0'"),
        (("partial,10", "partial,half"), "percent = 'half'"),
        (("partial,10", "partial,"), "percent if its setting is `partial`"),
        (("mAP_asl", "mAP_11pt"), "metric = 'mAP_11pt'"),
        (("clip-rn101", "clip-rn1o1"), "did you mean 'clip-rn101'"),
        ((",dualcoop,\n", ",somewhere,\n"), "source 'somewhere' is not in sources.csv"),
        (("DualCoOp,dual", ",dual"), "method = ''"),
        ((",dualcoop,\n", ",dualcoop,a,b\n"), "more or fewer fields"),
    ],
)
def test_a_bad_line_is_named(tmp_path, change, problem):
    with pytest.raises(DataError, match=problem) as caught:
        read(_copy(tmp_path, (LINE + "\n").replace(*change)))
    assert "line 2" in str(caught.value)
    assert len(read(_copy(tmp_path, LINE + "\n")).numbers) == 1


def test_the_same_number_twice_is_refused(tmp_path):
    with pytest.raises(DataError, match="line 3: the same number as in line 2"):
        read(_copy(tmp_path, f"{LINE}\n{LINE.replace('78.7', '78.9')}\n"))


def _copy(root: Path, lines: str) -> Path:
    for name in ("camps.csv", "sources.csv"):
        (root / name).write_text((folder() / name).read_text())
    header = (folder() / "numbers.csv").read_text().splitlines()[0]
    (root / "numbers.csv").write_text(f"{header}\n{lines}")
    return root


def test_no_table_mixes_camps_and_no_number_is_lost():
    for dataset in DATASETS:
        shown = Counter()
        for group in groups(dataset):
            for line in group.lines:
                assert {number.camp or "" for number in line.numbers} == {group.camp.id}
                assert {number.setting for number in line.numbers} == {group.setting}
                shown.update(n.mAP for n in line.numbers)
        assert set(shown) == {n.mAP for n in published().of(dataset)}


def test_the_best_is_of_its_own_camp_and_never_of_a_third_party():
    for group in groups("voc2007"):
        drawn = table(group)
        best = [value for row in drawn.rows for value in row if value.style == "best"]
        if not group.camp.ranked or group.setting == "full":
            assert not best
    frozen = next(g for g in groups("voc2007") if (g.setting, g.camp.id) == ("partial", "clip-rn101"))
    drawn = table(frozen)
    at_ten = {row[0].text: row[1] for row in drawn.rows if row[1].text != "-"}
    assert at_ten["DualCoOp + class-concept TTA"].style == "best"
    assert at_ten["DualCoOp + TaI-DPT (ensemble)"].text == "93.3", "higher, but from an aggregator"
    assert at_ten["DualCoOp + TaI-DPT (ensemble)"].style == "aside"


def test_copies_of_a_line_are_shown_once_with_both_sources():
    resnet = next(g for g in groups("coco") if g.camp.id == "resnet101")
    lines = [line for line in resnet.lines if line.first.method == "SST"]
    assert [line.also for line in lines] == [("sr_1",)]
    assert "also in Saliency Regularization" in " ".join(table(resnet).footnotes)


def test_averages_that_are_none_are_told():
    frozen = next(g for g in groups("coco") if g.camp.id == "clip-rn101")
    assert "printed average 82.7; the mean of its nine numbers is 83.14" in " ".join(table(frozen).footnotes)


@pytest.fixture(scope="module")
def store(tmp_path_factory) -> Store:
    """DualCoOp on VOC 2007 at all ratios and two seeds, with RN101 at 448 pixels and HCP's masks."""
    cells = [_cell(percent, seed) for percent in RATIOS for seed in (0, 1)]
    return _filled(Store(tmp_path_factory.mktemp("store")), cells)


def _filled(store: Store, cells: list[Cell]) -> Store:
    for cell in cells:
        factory.finish(store, cell)
    return store


def _cell(percent: int | None, seed: int = 0, *, method: str = "dualcoop", protocol: str = "hcp", **axes) -> Cell:
    plain = {
        "dataset": Component("voc2007", fingerprint="f" * 64),
        "backbone": Component("RN101", options={"weights": "openai", "image_size": 448}, fingerprint="b" * 64),
    }
    options = {"epochs": 50, "lr": 0.002}
    return Cell(
        method=Component(method, options=options), protocol=Component(protocol), percent=percent, seed=seed,
        **{**plain, **axes},
    )  # fmt: skip


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
    assert line.difference(AVERAGE) == pytest.approx(sum(means.values()) / 9 - 93.2)
    drawn = table(group)
    place = next(i for i, row in enumerate(drawn.rows) if row[0].text == "DualCoOp")
    own, gap = drawn.rows[place + 1], drawn.rows[place + 2]
    assert own[0].text.strip() == "ours, 2 seeds"
    assert own[1].text.startswith(f"{means[10]:.1f} ±")
    assert {value.style for value in own[1:]} == {"aside"}
    assert gap[1].text == f"{means[10] - 90.3:+.1f}".replace("-", "−")
    assert set(own[1].keys) <= set(store.keys())
    assert own[1].keys
    without = table(_dualcoop(Store(store.root / "none"))[0])
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

    def said(**axes) -> set[str]:
        changed = dataclasses.replace(row, cell=dataclasses.replace(row.cell, **axes))
        return set(mismatches(dual, changed)) - set(line.ours.mismatches)

    small = Component("RN50", options={"weights": "openai", "image_size": 224})
    assert said(backbone=small) == {
        "backbone CLIP RN101 there, RN50 here",
        "images of 448 pixels there, of 224 here",
    }
    random = Component("RN101", options={"weights": "random", "image_size": 448})
    assert said(backbone=random) == {"random weights here: the number says nothing"}
    assert said(feed=Component("live", options={"train": "last"})) == {
        "image encoder frozen there, last stage trained here"
    }
    assert said(holdout=10) == {"10 % of the training images are held out here"}
    assert said(protocol=Component("dualcoop")) == {
        "the mask there was drawn without a seed, so nobody has the same",
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
    alone, other = (factory.row(_cell(10, seed, method="sst")) for seed in (0, 1))
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
    _filled(store, [_cell(10, backbone=small), _cell(10, protocol="partial", backbone=small)])
    group, line = _dualcoop(store)
    assert {row.cell.backbone.name for rows in line.ours.cells.values() for row in rows} == {"RN101"}
    assert line.ours.others == 2
    assert any("2 more settings" in note for note in table(group).footnotes)
    chosen = _dualcoop(store, protocol="partial")[1]
    assert {row.cell.protocol.name for rows in chosen.ours.cells.values() for row in rows} == {"partial"}
    assert chosen.ours.at(AVERAGE) is None
    assert chosen.difference(AVERAGE) is None


def test_a_line_with_an_average_alone_waits_for_all_ratios(tmp_path):
    hst = [n for n in published().numbers if (n.dataset, n.method) == ("voc2007", "HST")]
    rows = [factory.row(_cell(percent, method="hst")) for percent in RATIOS]
    assert ours(hst, rows[:-1]) is None
    assert ours(hst, rows).at(AVERAGE).mean == pytest.approx(sum(r.metrics["mAP_voc"] for r in rows) / 9)


def test_options_tell_lines_of_one_method_apart(tmp_path):
    lines = {n.option[1]: n for n in published().numbers if n.dataset == "coco" and n.bench_method == "clip_zero_shot"}
    cell = _cell(None, method="clip_zero_shot", protocol="full", dataset=Component("coco"))
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
    found = tuple(map(table, published_groups(load(factory.make_store(tmp_path, grid)[0]))))
    assert len(found) == 1
    assert "Frozen CLIP ResNet-101" in found[0].title
    text = markdown(found[0])
    assert "ours, 1 seed" in text
    assert "backbone CLIP RN101 there, tiny_clip here" in text
    scenes = load(factory.make_store(tmp_path / "scenes", Grid(percents=(10,)))[0])
    assert published_groups(scenes) == ()


def test_json_and_tables_hold_the_same_numbers(store):
    found = groups("voc2007", store.rows())
    data = json.loads(json.dumps(to_json(found)))
    [line] = [x for group in data for x in group["lines"] if (x["method"], group["setting"]) == ("DualCoOp", "partial")]
    assert line["mAP"]["10"] == 90.3
    assert line["ours"]["metric"] == "mAP_asl"
    assert line["ours"]["difference"]["10"] == pytest.approx(line["ours"]["mAP"]["10"] - 90.3)
    assert sorted(line["ours"]["cells"]) == store.keys()
    [drawn] = [table(g) for g in found if (g.setting, g.camp.id) == ("partial", "clip-rn101")]
    assert f"{line['ours']['mAP']['10']:.1f} ±" in markdown(drawn)


def test_the_command_prints_tables_and_ours(store, call):
    done = call("compare", "--published", "voc2007", "--results", str(store.root))
    assert done.code == 0, done.err
    assert "Frozen CLIP ResNet-101 at 448 pixels" in done.out
    assert "ours, 2 seeds" in done.out
    assert "No finished cell" not in done.out
    only = call("compare", "--published", "voc2007", "--protocol", "hcp", "--results", str(store.root))
    assert "Published on voc2007, share of known labels" in only.out
    assert "no labels" not in only.out


def test_the_command_without_a_cell_says_so(call, tmp_path):
    done = call("compare", "--published", "vg200", "--results", str(tmp_path))
    assert done.code == 0
    assert "No finished cell of vg200" in done.out


def test_the_commands_json_and_markdown(store, call):
    at = ("compare", "--published", "voc2007", "--results", str(store.root))
    assert {group["dataset"] for group in json.loads(call(*at, "--json").out)} == {"voc2007"}
    assert call(*at, "--markdown").out.startswith("## Published on voc2007")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--published", "voc07"], "did you mean 'voc2007'"),
        (["--published", "voc2007", "--protocol", "hpc"], "did you mean 'hcp'"),
        (["--published", "vg200", "--protocol", "full"], "no published number of vg200"),
        (["--published", "vg200", "--json", "--markdown"], "choose one"),
    ],
)
def test_wrong_use_is_one_sentence_and_exit_code_two(arguments, sentence, call, tmp_path):
    done = call("compare", *arguments, "--results", str(tmp_path))
    assert done.code == 2
    assert sentence in done.err
    assert done.err.startswith("error: ")


@pytest.fixture(scope="module")
def swept(tmp_path_factory) -> Store:
    grid = Grid(methods=("trm_ml", "dualcoop", "asl"), percents=(10, 50), seeds=(0, 1, 2))
    return factory.make_store(tmp_path_factory.mktemp("swept"), grid)[0]


def test_a_sweeps_methods_are_compared_with_both_intervals(swept, call):
    done = call("compare", "--results", str(swept.root))
    assert done.code == 0, done.err
    assert "difference from dualcoop, as sure as the seeds make it" in done.out
    assert "difference from dualcoop, as sure as the test images make it" in done.out
    records = json.loads(call("compare", "--results", str(swept.root), "--methods", "asl,dualcoop", "--json").out)
    assert {record["method"] for record in records} == {"asl", "dualcoop"}
    [at_ten] = [r for r in records if (r["method"], r["percent"]) == ("asl", 10)]
    means = {
        name: sum(r.mAP for r in swept.rows() if (r.cell.method.name, r.cell.percent) == (name, 10)) / 3
        for name in ("asl", "dualcoop")
    }
    assert at_ten["difference"] == pytest.approx(means["asl"] - means["dualcoop"])
    assert at_ten["images_low"] < at_ten["difference"] < at_ten["images_high"]
    assert at_ten["interval"] == "t95"
    turned = json.loads(call("compare", "--results", str(swept.root), "--baseline", "asl", "--json").out)
    [back] = [r for r in turned if (r["method"], r["percent"]) == ("dualcoop", 10)]
    assert back["difference"] == pytest.approx(-at_ten["difference"])
    assert back["images_low"] == pytest.approx(-at_ten["images_high"])


def test_lost_scores_are_told(swept, call, tmp_path):
    shutil.copytree(swept.root, tmp_path / "copy")
    (next((tmp_path / "copy" / "cells").iterdir()) / "scores.npz").unlink()
    done = call("compare", "--results", str(tmp_path / "copy"))
    assert done.code == 0
    assert "as sure as the test images" not in done.out
    assert "scores are gone" in done.err


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--methods", "asl"], "needs two methods"),
        (["--baseline", "dualcop"], "did you mean 'dualcoop'"),
        (["--protocol", "hcp"], "--protocol belongs to comparisons of --published"),
        (["--published", "coco", "--baseline", "asl"], "--baseline belongs to comparisons of a sweep"),
        (["--sweep", "nope"], "There is no sweep 'nope'"),
    ],
)
def test_flags_that_do_not_belong_are_refused(arguments, sentence, swept, call):
    done = call("compare", *arguments, "--results", str(swept.root))
    assert done.code == 2
    assert sentence in done.err
