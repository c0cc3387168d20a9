"""The files of published numbers: every line is what the schema says, and they are those that were collected."""

import csv
import dataclasses
import subprocess
from collections import Counter
from pathlib import Path

import pytest

from bench.report.published.numbers import PRINTED_AVERAGE
from bench.report.published.ours import RATIOS
from bench.report.published.reading import folder, published
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
        assert number.dataset in THEIR_NAMES.values()
        assert 5 < number.mAP < 100
        assert number.source in published().sources
        assert number.camp is None or number.camp in published().camps
        assert number.percent in (None, PRINTED_AVERAGE, "unstated", *RATIOS)
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
    result = {(n.dataset, n.method, n.percent): n.mAP for n in published().numbers}
    assert result["coco", "DualCoOp", 10] == 78.7
    assert result["voc2007", "DualCoOp", PRINTED_AVERAGE] == 93.2
    assert result["coco", "SST", PRINTED_AVERAGE] == 76.7
    assert result["coco", "SCPNet", None] == 76.42


def test_printed_averages_are_the_means_of_their_numbers_but_for_the_known_oddities():
    lines: dict[tuple, dict] = {}
    for number in published().numbers:
        if number.setting == "partial":
            lines.setdefault((number.dataset, number.method, number.source), {})[number.percent] = number.mAP
    odd = set()
    for line, values in lines.items():
        if set(RATIOS) <= set(values) and PRINTED_AVERAGE in values:
            mean = sum(values[p] for p in RATIOS) / len(RATIOS)
            assert values[PRINTED_AVERAGE] == pytest.approx(mean, abs=0.45), line
            if abs(values[PRINTED_AVERAGE] - mean) > 0.06:
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
    known = {"avg": PRINTED_AVERAGE, "unspecified": "unstated"}.get(ratio)
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
