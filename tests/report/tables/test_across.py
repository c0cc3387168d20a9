"""Across datasets: what is one block, what is tested from six datasets on and ranked from ten on, and what is not."""

import io
import json
import statistics

import numpy as np
import pytest
from helpers.store_factory import Grid, make_store
from PIL import Image
from scipy.stats import wilcoxon
from typer.testing import CliRunner

from bench.cli import app
from bench.errors import UsageError
from bench.records.store import Store
from bench.report import read_results, write_report
from bench.report.across import across, with_other_datasets
from bench.report.figures.palette import method_styles
from bench.report.figures.ranks import rank_figure
from bench.report.tables.across import across_tables
from bench.stats import Blocks, average_ranks

pytestmark = pytest.mark.slow

DATASETS = ("coco", "voc2007", "voc2012", "vg200", "vg500", "nuswide", "cub", "scenes")
METHODS = ("trm_ml", "dualcoop", "clip_zero_shot", "oracle")


def grid(dataset: str, **changes) -> Grid:
    return Grid(**{"methods": METHODS, "percents": (10, 50), "epochs": 2, "dataset": dataset, **changes})


def filled(root, datasets, **changes) -> Store:
    for place, name in enumerate(datasets):
        make_store(root, grid(name, **changes), created=f"2026-01-{place + 1:02}T00:00:00+00:00")
    return Store(root)


@pytest.fixture(scope="module")
def many(tmp_path_factory) -> Store:
    return filled(tmp_path_factory.mktemp("many"), DATASETS)


def mean_of(store: Store, method: str, datasets, percents=(10, 50)) -> float:
    """Over the cells themselves."""
    return statistics.mean(store.row(grid(d).cell(method, p, 0).key).mAP for d in datasets for p in percents)


def test_a_dataset_is_one_number_and_images_that_are_shared_are_one_dataset(many):
    comparison = across(many)
    assert comparison.blocks.names == ("coco", "voc2007", "voc2012", "vg", "nuswide", "cub", "scenes")
    assert comparison.blocks.methods == ("trm_ml", "dualcoop", "clip_zero_shot")  # a ceiling does not compete
    values = dict(zip(comparison.blocks.names, comparison.blocks.values, strict=True))
    for place, method in enumerate(comparison.blocks.methods):
        assert values["coco"][place] == pytest.approx(mean_of(many, method, ["coco"]))
        assert values["vg"][place] == pytest.approx(mean_of(many, method, ["vg200", "vg500"]))


def test_ratios_that_were_not_asked_for_do_not_count(many):
    comparison = across(many, percents=[50])
    place = comparison.blocks.methods.index("trm_ml")
    assert comparison.blocks.values[0][place] == pytest.approx(mean_of(many, "trm_ml", ["coco"], [50]))


def test_the_table_tells_the_test_of_scipy(many):
    comparison = across(many, baseline="clip_zero_shot")
    table = across_tables(comparison)["across_tests"]
    columns = dict(zip(comparison.blocks.methods, comparison.blocks.values.T, strict=True))
    for row in table.rows:
        gaps = columns[row[0].text] - columns["clip_zero_shot"]
        assert row[1].text == f"{np.median(gaps):+.2f}".replace("-", "−")
        assert row[2].text == f"{(gaps > 0).sum()}, 0, {(gaps < 0).sum()}"
        assert row[3].text == f"{wilcoxon(gaps).pvalue:.3f}"
        assert ("n.s." in row[4].text) == (float(row[4].text.split()[0]) > 0.05)
    assert "n = 7 datasets" in table.caption
    assert "reconstruction" in table.footnotes[table.rows[0][0].marks[0] - 1]


def test_five_datasets_have_means_and_no_test(tmp_path):
    comparison = across(filled(tmp_path, DATASETS[:3]))
    assert list(across_tables(comparison)) == ["across"]
    assert "No test: with fewer than 6 datasets" in across_tables(comparison)["across"].caption


def test_one_dataset_is_refused_whatever_its_ratios_and_seeds(tmp_path):
    store = filled(tmp_path, ["coco"], seeds=(0, 1, 2))
    make_store(tmp_path, grid("coco", protocol="hcp"), created="2026-02-01T00:00:00+00:00")
    with pytest.raises(
        UsageError, match=r"needs two datasets and two methods .* under hcp, tiny_clip there are 1 \(coco"
    ):
        across(store)
    assert with_other_datasets(read_results(store), store) is None


def test_a_method_that_a_dataset_lacks_is_left_out_and_named(tmp_path):
    store = filled(tmp_path, ["coco", "cub"])
    make_store(tmp_path, grid("nuswide", methods=METHODS[1:]), created="2026-03-01T00:00:00+00:00")
    comparison = across(store)
    assert comparison.blocks.methods == ("dualcoop", "clip_zero_shot")
    assert "Left out: trm_ml, which has no number on nuswide." in across_tables(comparison)["across"].caption
    with pytest.raises(UsageError, match="no dataset has a number of method 'hill'"):
        across(store, methods=["hill", "dualcoop"])


@pytest.mark.usefixtures("sketched")
def test_ten_datasets_are_ranked_in_the_report(tmp_path, monkeypatch):
    monkeypatch.setattr("bench.data.vg.VisualGenome.collection", "")
    names = (*DATASETS, "coco2017", "openimages_v6")
    store = filled(tmp_path, names, percents=(10,), methods=METHODS[:3])
    comparison = across(store)
    assert comparison.ranks is not None
    path = write_report(read_results(store), store)
    text = path.read_text()
    assert "## Across datasets" in text
    assert "n = 10 datasets" in text
    drawn = (path.parent / "across.svg").read_text()
    for method, rank in comparison.ranks.average.items():
        assert f"{rank:.2f}" in drawn
        assert method in drawn
    assert (path.parent / "across.csv").read_text().count("\n") == 1 + 3 * 10


def test_a_report_tells_of_the_other_datasets_and_notices_when_they_change(tmp_path):
    store = filled(tmp_path, DATASETS[:6], percents=(10,), methods=METHODS[:3])
    sweep = read_results(store).selection.id
    assert "Across datasets" not in write_report(read_results(store), store).read_text()  # vg200 and vg500 are one
    make_store(tmp_path, grid("cub", percents=(10,), methods=METHODS[:3]), created="2026-03-01T00:00:00+00:00")
    assert "Across datasets" in write_report(read_results(store, sweep), store).read_text()


@pytest.mark.usefixtures("drawn")
@pytest.mark.parametrize("names", [
    ("asl", "role", "csl"), ("asl [gamma_neg=1.0]", "a very long name indeed", "hill", "dualcoop [lr=0.001, n_ctx=16]"),
])  # fmt: skip
def test_names_have_room_however_long_they_are(names):
    values = np.random.default_rng(0).normal(size=(10, len(names))) + np.arange(len(names))
    drawn = rank_figure(average_ranks(Blocks(tuple(map(str, range(10))), names, values)), method_styles(names))["png"]
    pixels = np.asarray(Image.open(io.BytesIO(drawn)).convert("L"))
    edges = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
    assert edges.min() == 255
    assert pixels.min() < 100


def test_the_command_tells_it_in_words_and_as_data(many):
    def run(*words) -> str:
        given = ["compare", "--across", "--results", str(many.root), *words]
        return CliRunner().invoke(app, given, catch_exceptions=False).stdout

    assert "against dualcoop" in run()
    data = json.loads(run("--json", "--baseline", "trm_ml", "--methods", "trm_ml,dualcoop"))
    assert data["baseline"] == "trm_ml"
    assert len(data["datasets"]) == data["tests"][0]["blocks"] == 7
    assert data["ranks"] is None
    with pytest.raises(UsageError, match="--across belongs to comparisons of a sweep"):
        run("--published", "voc2007")
